import { expect, test } from "vitest";
import { type FieldName, fromText, isEmpty, toText } from "./conditions";

const all = new Set<FieldName>(["sources", "ports", "rule_id", "name", "severity_at_most", "hosts"]);

test("conditions go into the form and come out the same", () => {
  const conditions = { sources: ["10.0.0.9", "10.1.0.0/16"], ports: "22,80-90", rule_id: 3, severity_at_most: "low" as const };
  expect(fromText(toText(conditions), all)).toEqual(conditions);
});

test("what is not used or empty says nothing", () => {
  const texts = toText({ sources: ["10.0.0.9"], name: "  " });
  expect(isEmpty(fromText(texts, new Set(["name"])))).toBe(true);
  expect(fromText({ ...texts, sources: " , 10.0.0.9 ,," }, all)).toEqual({ sources: ["10.0.0.9"] });
});
