/** Runs an example by the command that it prints at its top, in a folder of its own. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const runner = fileURLToPath(new URL("../../examples/run.mjs", import.meta.url));

export interface ExampleRun {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
  /** What it wrote under runs/examples, by file name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export async function runExample(name: string, ...args: readonly string[]): Promise<ExampleRun> {
  const folder = await mkdtemp(join(tmpdir(), "heed-example-"));
  try {
    const child = spawn(process.execPath, [runner, name, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const [output, errors, code] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      new Promise<number | null>((resolve, reject) => child.on("close", resolve).on("error", reject)),
    ]);
    return { code, output, errors, files: await filesIn(join(folder, "runs", "examples", name)) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

async function filesIn(folder: string): Promise<Map<string, Uint8Array>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  const read = names.map(async (name) => [name, await readFile(join(folder, name))] as const);
  return new Map(await Promise.all(read));
}

/** The number behind each place where the pattern, with one group, matches. */
export function numbers(output: string, pattern: RegExp): number[] {
  return [...output.matchAll(pattern)].map((match) => Number(match[1]));
}
