// The inside of a lane that runs Heed: a process that prepares its work once, and then does rounds of it when told to.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createEngine } from "heed";

/** Each thing compared may use so many threads. */
export const THREADS = 2;
/** Lines of the protocol begin with it, so that libraries may print what they like. */
const MARK = "@bench ";

const say = (message) => process.stdout.write(`${MARK}${JSON.stringify(message)}\n`);

/** The engine that a lane was told to use. Throws where it cannot be had: another one must not pass for it. */
export async function engineOf(wanted) {
  const { engine: kind, precision } = wanted;
  return engineNamed(await createEngine({ engine: kind, precision, threads: THREADS }), wanted);
}

/** The engine, if it is the one that a lane was told to use. Throws where it is another. */
export function engineNamed(engine, { engine: kind, precision }) {
  const found = engine.description.toLowerCase();
  const expected = { onnxruntime: "onnx runtime", openvino: "openvino" }[kind];
  if (found.startsWith(expected) && (precision !== "bf16" || found.includes("bf16"))) return engine;
  throw new Error(`not there: asked for ${kind} in ${precision}, got "${engine.description}"`);
}

/** The most memory that the process ever held, in bytes. */
export function peakBytes() {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

/**
 * Serves the row's commands. `prepare(job)` gives `step`, an async function that does one step and returns how much
 * work it was, and any other commands by name; `about` is told to the row.
 */
export async function serve(prepare) {
  try {
    const { about, step, ...commands } = await prepare(JSON.parse(process.argv[2]));
    say({ about });
    for await (const line of createInterface({ input: process.stdin })) {
      const { do: name, ...message } = JSON.parse(line);
      if (name === "end") break;
      say(name === "round" && step !== undefined ? await rounds(step, message) : await commands[name](message));
    }
    say({ peak: peakBytes() });
    process.exit(0);
  } catch (error) {
    say({ error: error instanceof Error ? error.message : String(error) });
    process.exit(1);
  }
}

/** Steps until `seconds` are over, at least `least` of them; a step that is short is preceded by one that is not timed. */
export async function rounds(step, { seconds, least = 2 }) {
  const steps = [];
  const timed = async () => {
    const start = performance.now();
    const work = await step();
    return [(performance.now() - start) / 1000, work];
  };
  const first = await timed();
  if (first[0] >= 0.5) steps.push(first);
  let spent = steps.length * first[0];
  while (steps.length < least || spent < seconds) {
    const one = await timed();
    steps.push(one);
    spent += one[0];
  }
  return { steps };
}
