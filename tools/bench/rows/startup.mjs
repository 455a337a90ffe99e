// A fresh process until the first training step of the smallest GPT, and what has to be on the disk for it.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { heedLanes } from "../engines.mjs";
import { peerLane } from "../peers.mjs";
import { gptShapes } from "../shapes.mjs";
import { number } from "../render.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));

export async function measure(context) {
  const { rounds, quick, seed, log } = context;
  const job = { shape: gptShapes[0], seed, dropout: 0 };
  const lanes = [
    ...heedLanes("first-step", job),
    peerLane(context, "PyTorch", "first_step", { ...job, kind: "plain" }),
    peerLane(context, "PyTorch and transformers", "first_step", { ...job, kind: "hugging-face" }),
  ].map((spec) => ({ ...spec, values: [] }));
  // The first round only warms the disk's cache.
  for (let round = quick ? 0 : -1; round < (quick ? 1 : rounds); round++) {
    for (const lane of lanes) timeOnce(lane, round >= 0, log);
  }
  const timed = {
    kind: "lanes",
    title: "Until the first training step",
    unit: "s",
    better: "less",
    about: [`A fresh process, GPT of ${gptShapes[0].title}, files already in the system's cache.`],
    lanes: lanes.map(({ name, ours, missing, values }) => (missing ? { name, ours, missing } : { name, ours, values })),
  };
  return { parts: [timed, sizes(context)] };
}

function timeOnce(lane, counts, log) {
  if (lane.missing !== undefined) return;
  const { command, arguments: given, job, environment } = lane;
  const env = { ...process.env, OMP_NUM_THREADS: "2", HF_HUB_OFFLINE: "1", ...environment };
  const start = performance.now();
  const { status, stderr } = spawnSync(command, [...given, JSON.stringify(job)], { cwd: root, env, encoding: "utf8" });
  const seconds = (performance.now() - start) / 1000;
  if (status === 0) {
    if (counts) lane.values.push(seconds);
    return;
  }
  lane.missing = stderr.trim().split("\n").at(-1) ?? `it ended with code ${status}`;
  log(`  ${lane.name}: ${lane.missing}`);
}

/** What a user's installation weighs. */
function sizes(context) {
  const rows = [["Heed and what it depends on, without its tools for development", `${number(heedBytes() / 1e6)} MB`]];
  const { command, missing } = peerLane(context, "", "installed_size", {});
  if (missing === undefined) {
    for (const names of [["torch"], ["torch", "transformers"], ["openvino"]]) {
      const { bytes } = JSON.parse(
        execFileSync(command, ["tools/bench/peers/installed_size.py", ...names], { cwd: root, encoding: "utf8" }),
      );
      rows.push([
        `${names.join(" and ")} with what ${names.length > 1 ? "they need" : "it needs"}`,
        `${number(bytes / 1e6)} MB`,
      ]);
    }
  }
  return { kind: "facts", title: "Size on disk", columns: ["installed", "size"], rows };
}

/** The build of this clone and the packages of node_modules that package-lock.json does not call development. */
function heedBytes() {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const needed = Object.entries(packages).filter(([path, { dev, devOptional }]) => path !== "" && !dev && !devOptional);
  const own = ["dist", "bin", "corpus"].map((folder) => bytesOf(join(root, folder)));
  return [...needed.map(([path]) => bytesOf(join(root, path))), ...own].reduce((sum, bytes) => sum + bytes, 0);
}

function bytesOf(path) {
  if (!existsSync(path)) return 0;
  const status = lstatSync(path);
  if (!status.isDirectory()) return status.isFile() ? status.size : 0;
  return readdirSync(path).reduce((sum, name) => sum + (name === "node_modules" ? 0 : bytesOf(join(path, name))), 0);
}
