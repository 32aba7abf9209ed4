import { expect, test } from "vitest";
import { cleaned, FRESH, pairLines, pairs, words } from "./form";

test("lists and pairs are read from text and written back", () => {
  expect(words(" source_ip, target_ip\nport ")).toEqual(["source_ip", "target_ip", "port"]);
  expect(words("")).toEqual([]);
  const map = { source_ips: "client", ticket: "n" };
  expect(pairs(pairLines(map))).toEqual(map);
  expect(pairs("source_ips = $client\nnonsense\n= x\n")).toEqual({ source_ips: "client" });
});

test("a real-time rule carries no schedule", () => {
  expect(cleaned({ ...FRESH, mode: "real_time", search_window: "1 hour" })).toMatchObject({ schedule: "", search_window: "" });
  expect(cleaned(FRESH)).toEqual(FRESH);
  const saving = cleaned({ ...FRESH, action: "dataset", dataset: "mine", suppress_for: "1 hour", suppress_by: ["a"] });
  expect(saving).toMatchObject({ dataset: "mine", suppress_for: "", suppress_by: [] });
  expect(cleaned({ ...saving, mode: "real_time" })).toMatchObject({ action: "alert", dataset: "" });
});

test("keys of a lookup go with lookups alone", () => {
  const keyed = { ...FRESH, dataset: "bad", lookup_keys: ["ip"], lookup_fields: { ip: "source_ip" } };
  expect(cleaned({ ...keyed, action: "lookup_remove" })).toMatchObject({ lookup_keys: ["ip"], lookup_fields: { ip: "source_ip" } });
  expect(cleaned(keyed)).not.toHaveProperty("lookup_keys");
  expect(cleaned({ ...keyed, action: "dataset" })).not.toHaveProperty("lookup_fields");
});
