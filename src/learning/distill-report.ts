/** What a student came to beside its teacher: size, speed, and how much of the score it kept. */
import type { ReadableFolder } from "../files/index.ts";
import { parametersOf, type Architecture, type WantedHead } from "../models/index.ts";
import { layoutOf, ModelParameters } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { createEngine, type EngineOptions, type Values } from "../runtime/index.ts";
import { Model } from "../tasks/model.ts";
import { openModel } from "../tasks/open.ts";
import type { Scores } from "../training/index.ts";

/** How many numbers an architecture has. */
export function sizeOf(architecture: Architecture): number {
  const { places } = layoutOf(parametersOf(architecture));
  return [...places.values()].reduce((sum, { size }) => sum + size, 0);
}

/** What is compared. */
export interface Compared {
  readonly student: Architecture;
  readonly values: ReadonlyMap<string, HostTensor>;
  readonly teacher: ReadableFolder;
  readonly head: WantedHead;
  readonly engine: EngineOptions;
  /** A batch that both read, by the inputs that each has. */
  readonly feeds: { readonly student: Values; readonly teacher: Values };
}

/** Seconds that each model takes for the batch. */
export interface Speeds {
  readonly student: number;
  readonly teacher: number;
}

/** Runs of which each speed is the median. */
const RUNS = 9;

/**
 * How long student and teacher take for a batch, in turns, each as it is when it has been opened from its folder; and what
 * `judge` says of the teacher.
 */
export async function compareSpeeds<R>(
  { student, values, teacher, head, engine, feeds }: Compared,
  judge: (teacher: Model) => Promise<R>,
): Promise<{ readonly speeds: Speeds; readonly judged: R }> {
  const small = await createEngine(engine);
  try {
    const own = new Model(student, await ModelParameters.fromValues(small, parametersOf(student), values));
    const large = await openModel(teacher, { ...engine, ...head });
    try {
      const judged = await judge(large);
      const [ours, theirs]: [number[], number[]] = [[], []];
      for (let run = 0; run < RUNS; run++) {
        ours.push(await secondsOf(own, feeds.student));
        theirs.push(await secondsOf(large, feeds.teacher));
      }
      return { speeds: { student: median(ours), teacher: median(theirs) }, judged };
    } finally {
      await large.dispose();
    }
  } finally {
    await small.dispose();
  }
}

async function secondsOf(model: Model, feeds: Values): Promise<number> {
  const start = performance.now();
  await model.run(feeds, { outputs: ["logits"] });
  return (performance.now() - start) / 1000;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** Scores of both, and which share of the teacher's the student kept, by the names of metrics that are better when higher. */
export function scoresBeside(student: Scores, teacher: Scores, decisive: string): Scores {
  const [own, its] = [student[decisive], teacher[decisive]];
  if (own === undefined || its === undefined) return student;
  return { ...student, [`${decisive} of the teacher`]: its, [`share of ${decisive} kept`]: own / its };
}

/** "2.1 times as fast as the teacher (3.2 ms for 32 rows, 6.8 ms)". */
export function speedLine({ student, teacher }: Speeds, rows: number): string {
  const shown = (seconds: number): string => `${(1000 * seconds).toPrecision(3)} ms`;
  const times = (teacher / student).toPrecision(2);
  return `${times} times as fast as the teacher: ${shown(student)} for ${rows} rows, the teacher ${shown(teacher)}`;
}
