/** `heed doctor`: what works on this machine, and what a model lacks. */
import type { Command } from "commander";
import { EngineError, HeedError } from "../../errors/index.ts";
import { formatCount, formatNumber } from "../../figures/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { machineThreads } from "../../runtime/index.ts";
import { modelNeeds, plannedNeeds, tryEngine, type EngineTrial, type ModelNeeds } from "../../tasks/doctor.ts";
import { translatorRunConfig } from "../../tasks/translator-run.ts";
import { formatBytes } from "../bytes.ts";
import { describedCommand } from "../command.ts";
import { readConfigFile } from "../config-file.ts";
import { jsonLine, type Io } from "../io.ts";
import { memoryLimit } from "../memory.ts";
import { table } from "../terminal/index.ts";
import { version } from "../version.ts";

interface Machine {
  readonly heed: string;
  readonly node: string;
  readonly platform: string;
  readonly threads: number;
  readonly memory: number;
  readonly availableMemory: number;
  readonly native: EngineTrial;
  readonly openvino: EngineTrial;
  readonly openvinoBf16: EngineTrial;
  readonly wasm: EngineTrial;
}

export function command(io: Io): Command {
  return describedCommand(
    "doctor",
    "Runs small programs on each engine; of a model, says what is missing and whether it fits.",
    {
      run: "heed doctor",
      expect: "a line for each engine with GFLOP/s and GB/s, or with what to install for it",
    },
  )
    .argument("[model]", "a folder that a training wrote")
    .option("--config <file>", "a training's config: what it would take")
    .option("--json", "print what was found as JSON")
    .action(async (path: string | undefined, { json = false, config }: { json?: boolean; config?: string }) => {
      const machine = await examine();
      const found = await needsOf(path, config);
      const model = found instanceof HeedError ? { problem: found.message } : found;
      const text = describe(machine) + (found === undefined || found instanceof HeedError ? "" : fit(found, machine));
      await io.stdout.write(json ? jsonLine({ ...machine, model }) : text);
      if (found instanceof HeedError) throw found;
      if (!lines.some(({ key }) => machine[key].works)) throw new EngineError("No engine works here. " + MEND_NATIVE);
    });
}

async function examine(): Promise<Machine> {
  return {
    heed: version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    threads: machineThreads(),
    memory: memoryLimit(),
    availableMemory: process.availableMemory(),
    // One after another: each is to have the machine for itself.
    native: await tryEngine({ engine: "onnxruntime" }),
    openvino: await tryEngine({ engine: "openvino" }),
    openvinoBf16: await tryEngine({ engine: "openvino", precision: "bf16" }),
    wasm: await tryEngine({ engine: "wasm" }),
  };
}

async function needsOf(
  path: string | undefined,
  config: string | undefined,
): Promise<ModelNeeds | HeedError | undefined> {
  try {
    if (path !== undefined) return await modelNeeds(diskFolder(path));
    if (config === undefined) return undefined;
    return plannedNeeds(translatorRunConfig(await readConfigFile(diskFolder(), config), config));
  } catch (error) {
    if (error instanceof HeedError) return error;
    throw error;
  }
}

const MEND_NATIVE =
  process.platform === "darwin" && process.arch === "x64"
    ? "ONNX Runtime has no native build for Intel Macs since 1.24; WebAssembly serves there."
    : "To mend it: npm install onnxruntime-node@1.30.0 --no-save --onnxruntime-node-install=skip";

/** The engines in the order of the table; `mend` is said where the engine's own words do not say it. */
const lines = [
  { key: "native", name: "ONNX Runtime", mend: MEND_NATIVE },
  { key: "openvino", name: "OpenVINO", mend: "" },
  { key: "openvinoBf16", name: "OpenVINO, bf16", mend: "" },
  { key: "wasm", name: "WebAssembly", mend: "" },
] as const;

function describe(machine: Machine): string {
  const missing = lines.flatMap(({ key, name, mend }) => {
    const trial = machine[key];
    // In bf16 the same is missing as in fp32.
    const same = key === "openvinoBf16" && !machine.openvino.works;
    return trial.works || same ? [] : [`${name}: ${trial.problem} ${mend}`.trimEnd()];
  });
  const rows = lines.map(({ key, name }) => {
    const trial = machine[key];
    return trial.works
      ? [name, trial.description, formatNumber(trial.gigaflops), formatNumber(trial.gigabytes)]
      : [name, "does not work", "", ""];
  });
  const engines = table([...rows, ["WebGPU", "in a page only", "", ""]], {
    header: ["engine", "", "GFLOP/s", "GB/s"],
    align: ["left", "left", "right", "right"],
  });
  return (
    `heed          ${machine.heed}\nNode          ${machine.node}, ${machine.platform}\n` +
    `processor     ${machine.threads} thread${machine.threads === 1 ? "" : "s"}\n` +
    `memory        ${formatBytes(machine.memory)}, ${formatBytes(machine.availableMemory)} of it available\n\n` +
    `${engines}\n${missing.map((line) => `${line}\n`).join("")}`
  );
}

function fit(needs: ModelNeeds, { availableMemory }: Machine): string {
  const { type, parameters, weights, toRun, batchTokens, toTrain, toTrainRecomputing } = needs;
  const says = (bytes: number): string =>
    `${formatBytes(bytes)}, ${bytes <= availableMemory ? "fits" : `more than the ${formatBytes(availableMemory)} available`}`;
  return (
    `model         ${type}, ${formatCount(parameters)} parameters, ${formatBytes(weights)}; nothing is missing\n` +
    `  to run      ${says(toRun)}\n` +
    `  to train    ${says(toTrain)} (with --recompute ${says(toTrainRecomputing)}), ` +
    `${formatCount(batchTokens)} tokens a batch\n`
  );
}
