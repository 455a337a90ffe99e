// What the numbers were measured on: the machine, and the versions of everything compared.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, platform, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { nodeVersions, pythonVersions } from "./peers.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Extensions of x86 processors that matrix products can use. */
const EXTENSIONS = ["avx2", "avx512f", "avx512_bf16", "amx_bf16"];

/** Processor, cores, memory and system, in words. */
export function machine() {
  const flags = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  const has = EXTENSIONS.filter((name) => new RegExp(`\\b${name}\\b`).test(flags));
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    extensions: has,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${platform()} ${release().split("-")[0]}`,
  };
}

/** Versions by name; Heed's with its commit, marked where the working tree differs from it. */
export function versions() {
  const own = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  const runtime = `${root}node_modules/onnxruntime-node/package.json`;
  return {
    heed: `${own.version}${commit()}`,
    node: process.versions.node,
    ...(existsSync(runtime) ? { "onnxruntime-node": JSON.parse(readFileSync(runtime, "utf8")).version } : {}),
    ...pythonVersions(),
    ...nodeVersions(),
  };
}

function commit() {
  const git = (...words) =>
    execFileSync("git", words, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  try {
    const changed = git("status", "--porcelain", "--", "src", "package.json").trim() !== "";
    return ` at ${git("rev-parse", "--short", "HEAD").trim()}${changed ? ", with changes" : ""}`;
  } catch {
    return "";
  }
}
