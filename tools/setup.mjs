// Makes a fresh clone ready: installs what package-lock.json names and builds, where that has not happened yet.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Runs a command in the root of the repository; its exit code becomes ours where it fails. */
export function run(command, args, options = {}) {
  try {
    execFileSync(command, args, { cwd: root, stdio: "inherit", shell: process.platform === "win32", ...options });
  } catch (error) {
    process.exit(error.status ?? 1);
  }
}

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(
    `Heed needs Node 20.19 or newer; this is ${process.versions.node}. Install a newer Node and try again.`,
  );
  process.exit(1);
}

/** The time of the newest file in a folder. */
function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}

/** Installs and builds where needed. Installing builds, too. */
export function setUp() {
  requireNode();
  const lock = join(root, "package-lock.json");
  const installed = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
    console.error("Installing what Heed needs …");
    // The same wish as in .npmrc, in the form that later versions of npm pass on.
    const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" };
    run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { stdio: ["inherit", 2, 2], env });
  }
  const isOlder = (made, source) =>
    !existsSync(join(root, "dist", made)) || statSync(join(root, "dist", made)).mtimeMs < newest(join(root, source));
  if (isOlder(".tsbuildinfo", "src") || isOlder("studio/index.html", "studio"))
    run(process.execPath, ["tools/build.mjs"]);
}
