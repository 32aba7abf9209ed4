import { expect, test } from "vitest";
import { emptyDraft, requestOf } from "./new";

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
