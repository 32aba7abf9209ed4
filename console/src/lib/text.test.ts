import { describe, expect, it } from "vitest";
import { drillDown, xqlString } from "./drill";
import { toCsv, toJson, toTsv } from "./export";
import { cut, visible } from "./hostile";
import { parseExact } from "./json";
import { ago, stamp } from "./time";
import { flagNames } from "./words";

describe("text that others wrote", () => {
  it("shows direction overrides and control characters", () => {
    expect(visible("a\u202Eb")).toBe("a⟨U+202E⟩b");
    expect(visible("\u0007\u200b\ufeff")).toBe("⟨U+0007⟩⟨U+200B⟩⟨U+FEFF⟩");
    expect(visible("\u{e0041}")).toBe("⟨U+E0041⟩");
    expect(visible("two\nlines\tand ünï 日本 🛡️")).toContain("two\nlines\tand ünï 日本 🛡");
  });
  it("cuts by characters, never through one", () => {
    expect(cut("🛡🛡🛡", 2)).toBe("🛡🛡…");
    expect(cut("abc", 3)).toBe("abc");
    expect(cut("", 3)).toBe("");
  });
});

describe("export", () => {
  const columns = [{ name: "a", type: "string" }, { name: "b", type: "integer" }];
  it("quotes CSV and disarms formulas", () => {
    expect(toCsv(columns, [['x,"y"', 1], ["=cmd|' /C calc'!A0", null], ["-5", -5]])).toBe(
      'a,b\r\n"x,""y""",1\r\n\'=cmd|\' /C calc\'!A0,\r\n-5,-5\r\n',
    );
  });
  it("writes JSON objects and tab-separated text", () => {
    expect(JSON.parse(toJson(columns, [["x", null]]))).toEqual([{ a: "x", b: null }]);
    expect(toJson(columns, [])).toBe("[]\n");
    expect(toTsv(columns, [["x\ty\nz", 2]])).toBe("a\tb\nx y z\t2");
  });
});

describe("JSON", () => {
  it("keeps integers beyond 2^53 where the engine can tell, and everything else as it is", () => {
    expect(parseExact('{"a":[1,2.5,"9007199254740993"]}')).toEqual({ a: [1, 2.5, "9007199254740993"] });
    const parsed = parseExact('{"a": 9007199254740993, "b": 12}') as { a: unknown; b: unknown };
    expect(parsed.b).toBe(12);
    expect(["9007199254740993", 9007199254740992]).toContain(parsed.a);
  });
});

describe("time", () => {
  it("writes UTC with as many digits as asked", () => {
    expect(stamp("2026-11-24T06:08:28.123456Z", "utc", 6)).toBe("2026-11-24 06:08:28.123456");
    expect(stamp("2026-11-24T06:08:28Z", "utc", 3)).toBe("2026-11-24 06:08:28.000");
    expect(stamp("no time", "utc")).toBe("no time");
    expect(stamp(null, "utc")).toBe("–");
  });
  it("tells how long ago", () => {
    const now = Date.parse("2026-11-24T06:08:28Z");
    expect(ago("2026-11-24T06:08:27.5Z", now)).toBe("just now");
    expect(ago("2026-11-24T06:08:16Z", now)).toBe("12 s ago");
    expect(ago("2026-11-21T06:08:16Z", now)).toBe("3 d ago");
    expect(ago("2026-11-24T07:08:28Z", now)).toBe("in 1 h");
  });
});

describe("drill-down", () => {
  it("escapes what it puts into a query", () => {
    expect(xqlString('a"b\nc')).toBe('"a\\"b c"');
    expect(drillDown("source_ip", "10.0.0.9")).toContain('| filter source_ip = "10.0.0.9"');
    expect(drillDown("target_port", "udp/161")).toContain("target_port = 161 and action_network_protocol = 17");
  });
  it("names TCP flags", () => {
    expect(flagNames(0x29)).toBe("FIN PSH URG");
    expect(flagNames(0)).toBe("none");
    expect(flagNames(null)).toBe("");
  });
});
