// Prints what a browser loads, gzipped, and fails when the first load exceeds its budget.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET = 250_000;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
const size = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;

/** The files of a chunk and of everything it imports at once. */
function filesOf(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const css of chunk.css ?? []) seen.add(css);
  for (const asset of chunk.assets ?? []) seen.add(asset);
  for (const imported of chunk.imports ?? []) filesOf(imported, seen);
  return seen;
}

const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(10);
const first = new Set(["index.html", "theme.js", "favicon.svg", ...filesOf("index.html")]);
const total = [...first].reduce((sum, file) => sum + size(file), 0);
console.log(`${kb(total)}  first load, gzipped (budget ${BUDGET / 1000} kB)`);
for (const file of first) console.log(`${kb(size(file))}    ${file}`);
for (const key of Object.keys(manifest).filter((key) => manifest[key].isDynamicEntry)) {
  const more = [...filesOf(key)].filter((file) => !first.has(file));
  console.log(`${kb(more.reduce((sum, file) => sum + size(file), 0))}  more for ${key}`);
}
if (total > BUDGET) {
  console.error(`The first load is ${total - BUDGET} bytes over its budget.`);
  process.exit(1);
}
