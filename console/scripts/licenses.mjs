// Writes dist/licenses.txt: the licence of every package whose code is in the bundle, as their
// licences ask for.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** `/…/node_modules/@scope/name/file.js` as its package folder. */
function packageFolder(id) {
  const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replaceAll("\\", "/"));
  return match?.[1];
}

function licenceText(folder) {
  const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const text = file ? readFileSync(join(folder, file), "utf8").trim() : `Licence: ${about.license ?? "see the package"}`;
  return `${about.name} ${about.version} (${about.license ?? "?"})\n\n${text}\n`;
}

/** @returns {import("vite").Plugin} */
export function licenses() {
  return {
    name: "licenses",
    apply: "build",
    generateBundle(_options, bundle) {
      const folders = new Set(["node_modules/tailwindcss", "node_modules/uplot"].filter((folder) => existsSync(folder)));
      for (const chunk of Object.values(bundle)) {
        for (const id of chunk.moduleIds ?? []) {
          const folder = packageFolder(id.replace(`${process.cwd()}/`, ""));
          if (folder && existsSync(join(folder, "package.json"))) folders.add(folder);
        }
      }
      const source = [...folders].sort().map(licenceText).join(`\n${"-".repeat(80)}\n\n`);
      this.emitFile({ type: "asset", fileName: "licenses.txt", source });
    },
  };
}
