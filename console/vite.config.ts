import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { licenses } from "./scripts/licenses.mjs";
import { defineConfig } from "vitest/config";

// `npm run dev` forwards the API to a real server (VEDETTE_URL) or to `npm run mock`.
const server = process.env["VEDETTE_URL"] ?? "http://127.0.0.1:8799";

export default defineConfig({
  plugins: [react(), tailwind(), licenses()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    target: "es2022",
    // Nothing inlined: the content security policy forbids data: scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: true,
  },
  server: { proxy: { "/api": server } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
