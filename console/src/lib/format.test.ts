import { describe, expect, it } from "vitest";
import { bytes, compact, count, elapsed, plural, rate, span } from "./format";

describe("numbers", () => {
  it("groups digits and says when there is no number", () => {
    expect(count(1234567)).toBe("1,234,567");
    expect(count(NaN)).toBe("–");
    expect(plural(1, "port")).toBe("1 port");
    expect(plural(1000, "port")).toBe("1,000 ports");
  });
  it("shortens large numbers without a thousand of a unit", () => {
    expect(compact(0)).toBe("0");
    expect(compact(9_999)).toBe("9,999");
    expect(compact(12_345)).toBe("12.3k");
    expect(compact(999_960)).toBe("1M");
    expect(compact(4_500_000_000)).toBe("4.5G");
    expect(compact(-20_000)).toBe("-20k");
  });
  it("writes rates with a fraction only when small", () => {
    expect(rate(0.44)).toBe("0.4");
    expect(rate(12.4)).toBe("12");
    expect(rate(31_400)).toBe("31.4k");
  });
});

describe("sizes and spans", () => {
  it("counts bytes in powers of 1,024", () => {
    expect(bytes(0)).toBe("0 B");
    expect(bytes(1023)).toBe("1,023 B");
    expect(bytes(1024)).toBe("1 KiB");
    expect(bytes(21_474_836_480)).toBe("20 GiB");
    expect(bytes(2 ** 50)).toBe("1,024 TiB");
  });
  it("picks the unit of a duration", () => {
    expect(elapsed(0.4)).toBe("0.4 ms");
    expect(elapsed(41)).toBe("41 ms");
    expect(elapsed(2310)).toBe("2.31 s");
    expect(elapsed(250_000)).toBe("4 min 10 s");
  });
  it("shows the two largest units", () => {
    expect(span(0.2)).toBe("under 1 s");
    expect(span(59)).toBe("59 s");
    expect(span(3600)).toBe("1 h");
    expect(span(90_061)).toBe("1 d 1 h");
    expect(span(-5)).toBe("under 1 s");
  });
});
