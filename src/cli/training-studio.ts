/** `--studio` of commands that train: the studio on the run while it learns, which the page may steer. */
import type { Group } from "../runtime/index.ts";
import type { ControlledRun, ControlledTraining, Studio } from "../server/index.ts";
import type { Io } from "./io.ts";
import type { stopOnInterrupt } from "./stop.ts";

/** A training, with the studio on it or without. */
export interface TrainingStudio<S, R> {
  readonly steps: AsyncGenerator<S, R>;
  /** Whether the run was stopped before its end, from the page or by Ctrl-C. */
  readonly stopped: boolean;
  /** To be called when the run's folder is there: at its beginning, and when it goes on. */
  opened(): void;
  /** Waits until Ctrl-C, where somebody sits before the page. */
  ended(): Promise<void>;
  /** Ends the studio, if there is one. */
  close(): Promise<void>;
}

interface Surroundings {
  readonly io: Io;
  readonly signal: ReturnType<typeof stopOnInterrupt>;
  readonly group: Group;
}

/**
 * Wraps a run. Under mpirun the page only looks: what one rank is told would not reach the others. After the training
 * the studio stays open until Ctrl-C in a terminal; where standard output is none, it ends with the training.
 */
export async function trainingStudio<S, R>(
  run: Omit<ControlledRun<S, R>, "tell">,
  wanted: boolean,
  { io, signal, group }: Surroundings,
): Promise<TrainingStudio<S, R>> {
  const { path, resume } = run;
  const plain = (): AsyncGenerator<S, R> => run.start({ path, resume, signal, changed: {} });
  const nothing = (): Promise<void> => Promise.resolve();
  if (!wanted || group.rank > 0) {
    return {
      ...{ steps: plain(), opened: () => undefined, ended: nothing, close: nothing },
      get stopped() {
        return signal.aborted;
      },
    };
  }
  const tell = (message: string): void => void io.stderr.write(`${message}\n`);
  // Loaded only where it is asked for: a training needs no server.
  const { ControlledTraining } = await import("../server/index.ts");
  const training = group.size > 1 ? undefined : new ControlledTraining<S, R>({ ...run, tell });
  let studio: Promise<Studio | undefined> | undefined;
  return {
    steps: training?.steps(signal) ?? plain(),
    get stopped() {
      return signal.aborted || training?.stopped === true;
    },
    opened: () => {
      studio ??= studioOn(path, training, io, tell);
    },
    ended: async () => {
      if ((await studio) === undefined) return;
      if (io.stdout.isTTY === true && !signal.aborted) {
        tell("The studio stays open; Ctrl-C ends it.");
        await signal.interrupted;
      }
      await training?.branchesEnded();
    },
    close: async () => {
      await (await studio)?.close();
    },
  };
}

/** The training is worth more than the look at it: it goes on where the studio cannot be opened. */
async function studioOn<S, R>(
  path: string,
  training: ControlledTraining<S, R> | undefined,
  io: Io,
  tell: (message: string) => void,
): Promise<Studio | undefined> {
  try {
    const { openStudio } = await import("./studio-session.ts");
    const page = async (at: Studio): Promise<string> =>
      `#/training?model=${encodeURIComponent((await at.idOf(path)) ?? "")}`;
    const studio = await openStudio(io, { places: [path], page, say: (text) => io.stderr.write(text) });
    if (training !== undefined) studio.add(training);
    return studio;
  } catch (error) {
    tell(`The studio could not be opened: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
