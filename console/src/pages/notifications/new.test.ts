import { expect, test } from "vitest";
import type { Channel } from "@/api/types";
import { draftOf, editOf, emptyDraft, requestOf } from "./new";

const draft = (part: Partial<ReturnType<typeof emptyDraft>>) => requestOf({ ...emptyDraft(), name: " ops ", ...part });

test("a webhook says only what was chosen", () => {
  expect(draft({ url: "https://x.example/" })).toEqual({ name: "ops", url: "https://x.example/", settings: { shape: "json" } });
});

test("mail has receivers and a login, and no shape", () => {
  const made = draft({ kind: "mail", url: "smtp://m.example", from: "a@x.example", to: "b@x.example; c@x.example,", username: "u", password: "p", title: "[$severity] $name" });
  expect(made.settings).toEqual({ mail: { from: "a@x.example", to: ["b@x.example", "c@x.example"] }, title: "[$severity] $name" });
  expect([made.username, made.password]).toEqual(["u", "p"]);
});

test("what belongs to another kind is left out", () => {
  const made = draft({ kind: "syslog", shape: "slack", username: "u", password: "p", title: "x", quietFrom: "22:00" });
  expect(made.settings).toEqual({ shape: "cef" });
  expect(made.username).toBeUndefined();
  expect(draft({ kind: "slack" }).settings.shape).toBe("slack");
});

test("quiet hours need both ends", () => {
  const made = draft({ quietFrom: "22:00", quietTo: "06:30", timezone: "Europe/Rome" });
  expect(made.settings.quiet_hours).toEqual({ from: "22:00", to: "06:30", timezone: "Europe/Rome" });
});

const known: Channel = {
  id: 7, name: "night", enabled: true, address: "smtp://m.example:587", has_login: true, has_trust: true, created_at: "", created_by: "ada",
  settings: { mail: { from: "a@x.example", to: ["b@x.example"] }, min_severity: "high", sources: ["detection"], title: "$name", quiet_hours: { from: "22:00", to: "06:00", timezone: "UTC" } },
};

test("a channel that is not changed is asked for as it is, without what is secret", () => {
  const edit = editOf(known, draftOf(known));
  expect(edit).toEqual({ name: "night", settings: known.settings });
});

test("a change sends what was typed, and no login that was not", () => {
  const edit = editOf(known, { ...draftOf(known), url: "smtp://n.example", minSeverity: "", to: "c@x.example" });
  expect(edit.url).toBe("smtp://n.example");
  expect(edit.settings?.min_severity).toBeUndefined();
  expect(edit.settings?.mail?.to).toEqual(["c@x.example"]);
  expect([edit.username, edit.password, edit.trust]).toEqual([undefined, undefined, undefined]);
});

test("the kind is seen from address and shape", () => {
  const kind = (address: string, settings: Channel["settings"]) => draftOf({ ...known, address, settings }).kind;
  expect(kind("syslog+tls://s.example:6514", { shape: "cef" })).toBe("syslog");
  expect(kind("https://h.example:443", { shape: "teams" })).toBe("teams");
  expect(kind("https://h.example:443", {})).toBe("webhook");
});
