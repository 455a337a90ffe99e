/** `heed reproduce`: a finished run once more, and what differs. */
import { version as nodeVersion } from "node:process";
import type { Command } from "commander";
import { diskFolder, temporaryFolder } from "../../files/disk.ts";
import { readRecord, reproduce, type Reproduction } from "../../learning/index.ts";
import { describedCommand, engineOf, withEngineOptions, type EngineFlags } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { stopOnInterrupt } from "../stop.ts";
import { table } from "../terminal/index.ts";
import { trainingProgress } from "../training-progress.ts";
import { version } from "../version.ts";

interface Flags extends EngineFlags {
  readonly out?: string;
  readonly json?: true;
}

export function command(io: Io): Command {
  const made = describedCommand("reproduce", "Repeats a finished run from its record and says what differs.", {
    run: "heed reproduce runs/sentiment",
    expect: "800 updates repeated: losses, gradient norms and scores are equal to the bit.",
  }).argument("<run>", "the folder of a finished run");
  return withEngineOptions(made)
    .option("--out <folder>", "keep the repeated run in this folder")
    .option("--json", "print what was found as JSON")
    .action((run: string, flags: Flags) => repeat(run, flags, io));
}

async function repeat(place: string, flags: Flags, io: Io): Promise<void> {
  const run = diskFolder(place);
  const { updates } = await readRecord(run);
  const signal = stopOnInterrupt();
  const aside = flags.out === undefined ? await temporaryFolder() : undefined;
  const progress = trainingProgress(io, updates, 0);
  const defined = Object.fromEntries(Object.entries(engineOf(flags)).filter(([, value]) => value !== undefined));
  const repeating = reproduce({
    ...{ run, signal, engine: defined },
    folder: aside?.at("run") ?? diskFolder(flags.out),
    files: diskFolder(),
    machine: { heed: version, node: nodeVersion },
    warn: (message) => void io.stderr.write(`${message}\n`),
  });
  try {
    for (let next = await repeating.next(); ; next = await repeating.next()) {
      if (next.done !== true) {
        progress.step(next.value);
        continue;
      }
      progress.finish();
      await io.stdout.write(flags.json === true ? jsonLine(next.value) : shown(next.value));
      if (next.value.differences.length > 0) process.exitCode = 1;
      return;
    }
  } finally {
    progress.close();
    signal.done();
    await aside?.remove("run");
  }
}

function shown({ updates, differences, scores, surroundings }: Reproduction): string {
  const lines = surroundings.map((line) => `${line}\n`).join("");
  const unequal = scores.filter(({ before, now }) => before !== now);
  const same = unequal.length === 0 ? "" : "; the final scores are not";
  const scoreLines = scores.map(({ name, before, now }) => [name, before.toFixed(6), now.toFixed(6)]);
  const shownScores =
    scores.length === 0
      ? ""
      : `${table(scoreLines, { header: ["score", "before", "now"], align: ["left", "right", "right"] })}\n`;
  if (differences.length === 0) {
    return `${lines}${updates} updates repeated: losses, gradient norms and validations are equal to the bit${same}.\n${shownScores}`;
  }
  const rows = differences.map(({ update, name, before, now }) => [name, update, String(before), String(now)]);
  const header = ["number", "first at update", "before", "now"];
  return `${lines}Not equal:\n${table(rows, { header, align: ["left", "right", "right", "right"] })}\n${shownScores}`;
}
