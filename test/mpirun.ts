/** Tests over several processes: mpirun where Open MPI is installed; elsewhere a skipped test that says so. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { describe, it } from "vitest";

export const root = new URL("..", import.meta.url).pathname;

function whyNot(): string | undefined {
  try {
    const version = execFileSync("mpirun", ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return /Open MPI/.test(version) ? undefined : "mpirun is not Open MPI's";
  } catch {
    return "mpirun is not installed (Debian and Ubuntu: apt-get install openmpi-bin libopenmpi3)";
  }
}
const problem = whyNot();

/** A group of tests that need mpirun. */
export function describeMpi(name: string, define: () => void): void {
  if (problem === undefined) describe(name, define);
  else {
    it(name, ({ skip }) => {
      skip(problem);
    });
  }
}

export interface RanksEnded {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts a Node script on so many ranks; more than there are cores, and as root in a container, are allowed here. */
export function mpirun(ranks: number, args: readonly string[]): { child: ChildProcess; ended: Promise<RanksEnded> } {
  const how = ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", String(ranks)];
  // Containers often forbid one process to read another's memory.
  const env = { ...process.env, OMPI_MCA_btl_vader_single_copy_mechanism: "none" };
  const child = spawn("mpirun", [...how, process.execPath, ...args], { cwd: root, env });
  let [out, err] = ["", ""];
  child.stdout.on("data", (data: Buffer) => (out += data.toString()));
  child.stderr.on("data", (data: Buffer) => (err += data.toString()));
  const ended = new Promise<RanksEnded>((resolve) => {
    child.on("close", (code) => {
      resolve({ code, out, err });
    });
  });
  return { child, ended };
}
