// Runs the things compared in turn: each is a process of its own (a lane) that waits while the others work.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const MARK = "@bench ";
/** Starting may mean compiling, and a round may be a long step. */
const PATIENCE_MS = 10 * 60_000;

/** One process, and what it answers. */
class Lane {
  #child;
  #waiting;
  #complaints = [];
  #gone;

  constructor({ command, arguments: given, job, environment = {} }) {
    const threads = { OMP_NUM_THREADS: "2", MKL_NUM_THREADS: "2", TOKENIZERS_PARALLELISM: "false" };
    const env = { ...process.env, ...threads, HF_HUB_OFFLINE: "1", ...environment };
    this.#child = spawn(command, [...given, JSON.stringify(job)], { cwd: root, env });
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      if (line.startsWith(MARK)) this.#answer(JSON.parse(line.slice(MARK.length)));
    });
    createInterface({ input: this.#child.stderr }).on("line", (line) => {
      this.#complaints = [...this.#complaints, line].slice(-5);
    });
    this.#child.on("error", (error) => this.#answer({ error: error.message }));
    this.#child.on("close", (code, signal) => {
      this.#gone = `it ended with ${signal ?? `code ${code}`}: ${this.#complaints.at(-1) ?? "no word"}`;
      this.#answer({ error: this.#gone });
    });
    this.#child.stdin.on("error", () => undefined);
  }

  #answer(message) {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(message);
  }

  /** The next answer. Throws what the process says went wrong, or that it took too long. */
  async hear() {
    if (this.#gone !== undefined) throw new Error(this.#gone);
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(() => resolve({ error: `no answer in ${PATIENCE_MS / 60_000} minutes` }), PATIENCE_MS);
    });
    const heard = await Promise.race([new Promise((resolve) => (this.#waiting = resolve)), late]);
    clearTimeout(timer);
    if (heard.error !== undefined) throw new Error(heard.error);
    return heard;
  }

  ask(message) {
    const answer = this.hear();
    if (this.#gone === undefined) this.#child.stdin.write(`${JSON.stringify(message)}\n`);
    return answer;
  }

  stop() {
    this.#child.kill("SIGKILL");
  }
}

/** A lane by itself, once it is ready. Throws why it cannot be had. */
export async function openLane(spec) {
  if (spec.missing !== undefined) throw new Error(spec.missing);
  const lane = new Lane(spec);
  await lane.hear();
  return lane;
}

/**
 * Starts the lanes one after another, sends them each message of `turns` in turn (A B C A B C …), and ends them. A lane
 * may have a `turn` of its own instead. `before` are messages sent once, ahead of the rounds. With `fresh` a lane lives
 * for its turn alone, so that only one is in memory at a time, and hears `before` each time. A lane that fails is left
 * out of the rest. Gives for each lane its answers to `before` and to each turn (`rounds`), and its peak of memory in
 * bytes, or why it is `missing`.
 */
export async function inTurn(specs, { turns, before = [], fresh = false, log }) {
  const lanes = specs.map((spec) => ({ name: spec.name, ours: spec.ours === true, spec, rounds: [], peak: 0 }));
  const start = async (lane) => {
    const from = performance.now();
    lane.process = await openLane(lane.spec);
    lane.before = [];
    for (const message of before) lane.before.push(await lane.process.ask(message));
    log(`  ${lane.name}: ready after ${((performance.now() - from) / 1000).toFixed(1)} s`);
  };
  const turn = async (lane, message) => lane.rounds.push(await lane.process.ask(lane.spec.turn ?? message));
  const end = async (lane) => (lane.peak = Math.max(lane.peak, (await lane.process.ask({ do: "end" })).peak));
  const all = async (...steps) => {
    for (const lane of lanes) {
      if (lane.missing !== undefined) continue;
      try {
        for (const step of steps) await step(lane);
      } catch (error) {
        lane.missing = error.message;
        lane.process?.stop();
        log(`  ${lane.name}: ${error.message}`);
      }
    }
  };
  try {
    if (!fresh) await all(start);
    for (const [at, message] of turns.entries()) {
      const take = (lane) => turn(lane, message);
      await (fresh ? all(start, take, end) : all(take));
      log(`  round ${at + 1} of ${turns.length}`);
    }
    if (!fresh) await all(end);
  } finally {
    for (const lane of lanes) lane.process?.stop();
  }
  return lanes.map(({ spec: _, process: __, ...rest }) => rest);
}

/** A lane of a table: its name, whether it is Heed, and its values; or why it is missing. */
export function entry(lane, valueOf, cells = {}) {
  const { name, ours, missing } = lane;
  if (missing !== undefined) return { name, ours, missing };
  return { name, ours, values: lane.rounds.map(valueOf), cells };
}
