/** `heed doctor`: what works on this machine, and what a model lacks. */
import { totalmem } from "node:os";
import type { Command } from "commander";
import { EngineError, HeedError } from "../../errors/index.ts";
import { formatCount, formatNumber } from "../../figures/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { machineThreads } from "../../runtime/index.ts";
import { modelNeeds, tryEngine, type EngineTrial, type ModelNeeds } from "../../tasks/doctor.ts";
import { formatBytes } from "../bytes.ts";
import { describedCommand } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { version } from "../version.ts";

interface Machine {
  readonly heed: string;
  readonly node: string;
  readonly platform: string;
  readonly threads: number;
  readonly memory: number;
  readonly availableMemory: number;
  readonly native: EngineTrial;
  readonly wasm: EngineTrial;
}

export function command(io: Io): Command {
  return describedCommand(
    "doctor",
    "Runs a small program on each backend; of a model, says what is missing and whether it fits.",
    {
      run: "heed doctor",
      expect: "native        works: ONNX Runtime 1.30.0, 2 threads, 95 GFLOP/s\nWebAssembly   works: …",
    },
  )
    .argument("[model]", "a folder that a training wrote")
    .option("--json", "print what was found as JSON")
    .action(async (path: string | undefined, { json = false }: { json?: boolean }) => {
      const machine = await examine();
      const found = path === undefined ? undefined : await needsOf(path);
      const model = found instanceof HeedError ? { problem: found.message } : found;
      const text = describe(machine) + (found === undefined || found instanceof HeedError ? "" : fit(found, machine));
      await io.stdout.write(json ? jsonLine({ ...machine, model }) : text);
      if (found instanceof HeedError) throw found;
      if (!machine.native.works && !machine.wasm.works) throw new EngineError("No backend works here. " + mend());
    });
}

async function examine(): Promise<Machine> {
  // Without the binary the default engine is the WebAssembly build.
  const first = await tryEngine({});
  const fellBack = first.works && first.description.includes("WebAssembly");
  return {
    heed: version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    threads: machineThreads(),
    memory: Math.min(totalmem(), process.constrainedMemory() || Infinity),
    availableMemory: process.availableMemory(),
    native: fellBack ? { works: false, problem: "its binary is missing or cannot be loaded" } : first,
    wasm: fellBack ? first : await tryEngine({ engine: "wasm" }),
  };
}

async function needsOf(path: string): Promise<ModelNeeds | HeedError> {
  try {
    return await modelNeeds(diskFolder(path));
  } catch (error) {
    if (error instanceof HeedError) return error;
    throw error;
  }
}

function mend(): string {
  if (process.platform === "darwin" && process.arch === "x64") {
    return "ONNX Runtime has no native build for Intel Macs since 1.24; WebAssembly serves there.";
  }
  return "To mend it: npm install onnxruntime-node@1.30.0 --no-save --onnxruntime-node-install=skip";
}

function describe(machine: Machine): string {
  const { native, wasm } = machine;
  const trial = (name: string, one: EngineTrial): string =>
    `${name.padEnd(12)}  ` +
    (one.works
      ? `works: ${one.description}, ${formatNumber(one.gigaflops)} GFLOP/s\n`
      : `does not work: ${one.problem}\n${name === "native" ? `${" ".repeat(14)}${mend()}\n` : ""}`);
  return (
    `heed          ${machine.heed}\nNode          ${machine.node}, ${machine.platform}\n` +
    `processor     ${machine.threads} thread${machine.threads === 1 ? "" : "s"}\n` +
    `memory        ${formatBytes(machine.memory)}, ${formatBytes(machine.availableMemory)} of it available\n` +
    trial("native", native) +
    trial("WebAssembly", wasm)
  );
}

function fit({ type, parameters, weights, toRun, toTrain }: ModelNeeds, { availableMemory }: Machine): string {
  const says = (bytes: number): string =>
    `${formatBytes(bytes)}, ${bytes <= availableMemory ? "fits" : `more than the ${formatBytes(availableMemory)} available`}`;
  return (
    `model         ${type}, ${formatCount(parameters)} parameters, ${formatBytes(weights)}; nothing is missing\n` +
    `  to run      ${says(toRun)}\n` +
    `  to train    ${says(toTrain)} (activations come on top)\n`
  );
}
