import { expect, it } from "vitest";
import { parsePorts, portList, portSummary, portTotal } from "./ports";

it("reads ranges and leaves out what is none", () => {
  expect(parsePorts("1-1000,3306")).toEqual([[1, 1000], [3306, 3306]]);
  expect(parsePorts("")).toEqual([]);
  expect(parsePorts("x, 80-70, 99999, <b>, 22")).toEqual([[22, 22]]);
});

it("counts and joins", () => {
  expect(portTotal(parsePorts("1-1000,3306"))).toBe(1001);
  expect(portList([443, 1, 2, 3, 2, 80, 444])).toBe("1-3,80,443-444");
  expect(portList([])).toBe("");
  expect(portList([65_534, 65_535, 0])).toBe("0,65534-65535");
});

it("sums up long lists", () => {
  expect(portSummary("1-3,5,7", 2)).toBe("1–3, 5 and 1 more");
  expect(portSummary("22", 2)).toBe("22");
});
