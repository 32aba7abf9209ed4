import { expect, it } from "vitest";
import { alertPath, wholeEvidence } from "./queries";

it("asks for alerts with the words of the API", () => {
  expect(alertPath({ status: "open" }, 50)).toBe("/alerts?status=new%2Cin_progress&self_test=false&limit=50");
  expect(alertPath({ status: "all", q: "a&b=c", selftest: true, severity: "" }, 6)).toBe("/alerts?q=a%26b%3Dc&limit=6");
});

it("fills what a log did not say, and leaves out what cannot be shown", () => {
  const probe = { time: "2026-01-01T00:00:00Z", source_ip: "192.0.2.1", source_port: null, target_ip: "192.0.2.2", target_port: null, protocol: "icmp", outcome: null, tcp_flags: null, handshake_completed: null, count: 1, retries: 0 };
  const { probes } = wholeEvidence({ xql: "", from: "", to: "", limit_hit: false, probes: [probe, { ...probe, time: null }] });
  expect(probes).toEqual([{ ...probe, source_port: 0, target_port: 0, outcome: "unanswered" }]);
});
