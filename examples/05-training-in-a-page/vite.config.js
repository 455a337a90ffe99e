import { defineConfig } from "vite";

// With these two headers the page is cross-origin isolated, and may use all cores; without them it uses one.
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default defineConfig({
  base: "./",
  // The engine's worker is a module that loads others.
  worker: { format: "es" },
  // The development server must leave these two as they are: workers and .wasm files are found beside their scripts.
  optimizeDeps: { exclude: ["heed", "onnxruntime-web"] },
  // Only in this clone, which is itself the package heed: its build lies outside the folder of the page.
  server: { headers, fs: { allow: ["../.."] } },
  preview: { headers },
});
