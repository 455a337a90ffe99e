/** `heed studio`: a page that looks into runs and models. */
import type { Command } from "commander";
import { diskFolder } from "../../files/disk.ts";
import {
  describedCommand,
  engineOf,
  realNumber,
  wholeNumber,
  withEngineOptions,
  type EngineFlags,
} from "../command.ts";
import type { Io } from "../io.ts";
import { stopOnInterrupt } from "../stop.ts";
import { writeStaticStudio } from "../../server/index.ts";
import { openStudio } from "../studio-session.ts";

interface Flags extends EngineFlags {
  readonly port?: number;
  readonly open: boolean;
  readonly memory?: number;
  readonly static?: string;
}

/** Where runs are by themselves. */
const RUNS = "runs";

export function command(io: Io): Command {
  return withEngineOptions(
    describedCommand(
      "studio",
      "Opens a page that looks into runs and models: attention, embeddings, the training, and why an answer came.",
      {
        run: "heed studio runs/french-english",
        expect: "The studio is at http://127.0.0.1:PORT/?token=TOKEN\nCtrl-C ends it.",
      },
    )
      .argument("[folders...]", `runs, models, or folders that hold several (default: ${RUNS})`)
      .option("--port <n>", "the port; default: any that is free", wholeNumber(1))
      .option("--no-open", "print the address and open no browser")
      .option(
        "--memory <gb>",
        "how many GB of weights may be open at once; default: a quarter of the memory",
        realNumber(0),
      )
      .option("--static <folder>", "write the page with the models as files for any web server, instead of opening it")
      .action((folders: string[], flags: Flags) => studio(folders, flags, io)),
  );
}

async function studio(folders: readonly string[], flags: Flags, io: Io): Promise<void> {
  const places = folders.length > 0 ? folders : await ownRuns(io);
  const { port, open, memory, static: out } = flags;
  if (out !== undefined) {
    const { models } = await writeStaticStudio({ places, out });
    const count = `${models.length} ${models.length === 1 ? "model" : "models"}`;
    await io.stdout.write(
      `The studio with ${count} is in ${out}. Put it on any web server; it computes in the page.\n`,
    );
    return;
  }
  const stop = stopOnInterrupt();
  try {
    const opened = await openStudio(io, {
      ...{ places, port, open },
      engine: engineOf(flags),
      memory: memory === undefined ? undefined : memory * 1e9,
      say: (text) => io.stdout.write(text),
    });
    await stop.interrupted;
    await opened.close();
  } finally {
    stop.done();
  }
}

async function ownRuns(io: Io): Promise<string[]> {
  if ((await diskFolder().kind(RUNS)) === "folder") return [RUNS];
  io.stderr.write(`There is no folder ${RUNS} here, so there is no model to look into. Train one, or name a folder.\n`);
  return [];
}
