import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { engineOutside } from "./engine-outside.js";

const root = fileURLToPath(new URL(".", import.meta.url));

export default defineConfig({
  root,
  base: "./",
  plugins: [svelte({ configFile: fileURLToPath(new URL("svelte.config.js", import.meta.url)) }), engineOutside()],
  worker: { format: "es", plugins: () => [engineOutside()] },
  // The development server must leave these two as they are: workers and .wasm files are found beside their scripts.
  optimizeDeps: { exclude: ["heed", "onnxruntime-web"] },
  server: { proxy: { "/api": "http://127.0.0.1:8423" } },
  build: { outDir: fileURLToPath(new URL("../dist/studio", import.meta.url)), emptyOutDir: true, target: "es2023" },
});
