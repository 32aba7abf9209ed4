import { expect, it } from "vitest";
import { changeWords, timeline } from "./work";

const change = (field: string, now: string | null, note: string | null = null) => ({ time: "2026-01-01T00:00:00Z", actor: "ada", field, old: "new", new: now, note });

it("tells changes as sentences", () => {
  expect(changeWords(change("status", "in_progress"))).toBe("ada set the status to In progress");
  expect(changeWords(change("resolution", null))).toBe("ada cleared the reason");
  expect(changeWords(change("assignee", "bob", "handover"))).toBe("ada assigned it to bob (handover)");
  expect(changeWords({ ...change("created", null), actor: "vedette" })).toBe("Vedette raised the alert");
  expect(changeWords(change("colour", "red"))).toBe("ada changed colour from new to red");
});

it("merges comments and changes, newest first, the comment only once", () => {
  const comments = [{ id: 1, author: "ada", created_at: "2026-01-01T00:00:05Z", text: "x" }];
  const history = [change("created", null), { ...change("comment", null), time: "2026-01-01T00:00:05Z" }];
  expect(timeline({ comments, history }).map((entry) => entry.key)).toEqual(["c1", "h0"]);
});
