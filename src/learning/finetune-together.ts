/**
 * Several tasks on one body, each with a head of its own: examples of all of them in every batch, in proportion to how
 * many there are. A decoder reads the task inputs of GPT (Radford et al. 2018, section 3.3), with its marks for start,
 * delimiter and extraction, and goes on modeling language beside (equation 5). Each task becomes a folder of its own.
 */
import { z } from "zod";
import { asStored, writeWeights } from "../checkpoints/index.ts";
import { tokenBatches } from "../data/index.ts";
import { ConfigError } from "../errors/index.ts";
import { classificationStatistics, type ExampleStatistics } from "../evaluation/index.ts";
import type { Architecture } from "../models/index.ts";
import { Model } from "../tasks/model.ts";
import { rowOf, TextModel } from "../tasks/text-model.ts";
import type { Batch, Epoch, Scores } from "../training/index.ts";
import { lengthsLine } from "./finetune-task.ts";
import { encodedRows } from "./finetune-classes.ts";
import { scoresOf, taskKeys } from "./finetune.ts";
import { fitSection } from "./fit-config.ts";
import { modelKey, tokenizerKey } from "./model-source.ts";
import { bodyFrom, headFor, languageHead, ownWeights, sharedParameters } from "./together-model.ts";
import { sharedObjective, sharing, type SharedTask } from "./together-objective.ts";
import {
  classesOf,
  examplesOf,
  formOf,
  nextTokens,
  placesOf,
  readShared,
  sharedTexts,
  togetherKinds,
  type PlacedExample,
  type SharedData,
  type SharedExample,
} from "./together-rows.ts";
import type { Lesson, Way, WayContext } from "./way.ts";

const taskShape = {
  /** Classes of texts; of pairs in their order (does one follow from the other); of pairs in both; one of several texts. */
  kind: z.enum(togetherKinds),
  data: z.array(z.string()).min(1),
  validation: z.array(z.string()).default([]),
  test: z.array(z.string()).default([]),
  columns: taskKeys.columns,
  /** What its losses are multiplied by. */
  weight: z.number().positive().default(1),
};
const shape = {
  model: modelKey,
  tokenizer: tokenizerKey,
  tasks: z.record(z.string().regex(/^[a-z][a-z0-9_-]*$/i), z.strictObject(taskShape)),
  /** What the loss of language modeling counts beside that of the tasks, for models that write; 0 for none. */
  languageModel: z.number().min(0).default(0.5),
  maxLength: taskKeys.maxLength,
  seed: z.int().min(0).default(1),
  training: fitSection({ learningRate: 6.25e-5, batchTokens: 2048 }),
};
const schema = z.strictObject(shape);
/** The config of a run with several tasks. */
export type TogetherConfig = z.infer<typeof schema>;

/** Several tasks on one body as a way of learning. */
export const finetuneTogether: Way<TogetherConfig> = {
  name: "finetune-together",
  schema,
  keys: { "": Object.keys(shape), training: Object.keys(shape.training.unwrap().shape) },
  jsonSchema: () => z.toJSONSchema(schema, { io: "input" }),
  files: ({ tasks }) => Object.values(tasks).flatMap(({ data, validation, test }) => [...data, ...validation, ...test]),
  goal: ({ tasks }) =>
    Object.values(tasks).some(({ validation }) => validation.length > 0)
      ? { score: "accuracy", better: "higher" }
      : { score: "loss", better: "lower" },
  updates: 1000,
  prepare,
};

/** A task with its rows. */
interface Read {
  readonly name: string;
  readonly training: SharedData;
  readonly validation: SharedData;
  readonly test: SharedData;
  readonly classes: readonly string[];
  readonly weight: number;
}

async function readAll({ tasks }: TogetherConfig, { files }: WayContext): Promise<Read[]> {
  const names = Object.keys(tasks);
  if (names.length === 0) throw new ConfigError("tasks: there is none. Give each task a name, a kind and data.");
  const all: Read[] = [];
  for (const name of names) {
    const { kind, data, validation, test, columns, weight } = tasks[name]!;
    const read = (paths: readonly string[]): Promise<SharedData> => readShared(kind, files, paths, { columns });
    const training = await read(data);
    const classes = classesOf(training, name);
    all.push({ name, training, validation: await read(validation), test: await read(test), classes, weight });
  }
  return all;
}

async function prepare(config: TogetherConfig, context: WayContext): Promise<Lesson> {
  const read = await readAll(config, context);
  const texts = (): string[] => read.flatMap(({ training }) => sharedTexts(training));
  const source = await bodyFrom({ ...config, texts, task: read[0]!.name }, context);
  const { base, json, tokenizer, checkpoint } = source;
  const tasks = read.map(({ name, training: { kind, choices }, classes, weight }): SharedTask => {
    const most = choices.reduce((count, row) => Math.max(count, row.choices.length), 1);
    const architecture = headFor(json, classes, kind === "choice", `tasks.${name}`);
    return { name, architecture, form: formOf[kind], choices: most, weight };
  });
  const language = config.languageModel === 0 ? undefined : languageHead(json);
  const parameters = await sharedParameters(source, tasks, language, config.seed, context.engine);
  const reader = new TextModel(new Model(tasks[0]!.architecture, parameters), tokenizer);
  try {
    const examples = read.flatMap(({ name, training, classes }) =>
      examplesOf(training, classes).map((example) => ({ ...example, task: name })),
    );
    const batches = batchesOf(reader, examples, tasks, config, language !== undefined);
    const models = tasks.map(({ name, architecture }) => new Model(underHead(architecture, name, base), parameters));
    const judge = (part: "validation" | "test") => () => judged(read, part, { reader, tasks, models, config });
    const has = (part: "validation" | "test"): boolean => read.some((one) => config.tasks[one.name]![part].length > 0);
    return {
      parameters,
      objective: sharedObjective(tasks, base, batches.given, language),
      epoch: batches.epoch,
      validate: has("validation") ? judge("validation") : undefined,
      width: tasks[0]!.architecture.config["width"] as number | undefined,
      summary: [
        ...read.map(({ name, training, classes }) => {
          const { length } = examplesOf(training, classes);
          return `${name}: ${length} examples, ${training.kind === "choice" ? "of choices" : classes.join(", ")}`;
        }),
        lengthsLine(batches.lengths, "tokens an example"),
      ],
      updatesPerEpoch: batches.epoch(0).length,
      write: async (folder, weights) => {
        await writeWeights(folder, asStored(weights));
        for (const { name, architecture } of tasks) {
          const own = new TextModel(new Model(architecture, parameters, checkpoint), tokenizer);
          await own.save(folder.at(name), ownWeights(weights, name, base));
        }
      },
      finish: has("test") ? judge("test") : undefined,
      dispose: () => reader.dispose(),
    };
  } catch (error) {
    await reader.dispose();
    throw error;
  }
}

type NamedExample = SharedExample & { readonly task: string };

/** Batches of examples of all tasks: those of like length together, each once an epoch. */
function batchesOf(
  reader: TextModel,
  examples: readonly NamedExample[],
  tasks: readonly SharedTask[],
  { maxLength, languageModel, seed, training: { batchTokens, accumulate } }: TogetherConfig,
  writes: boolean,
) {
  const { batch, lengths: rowLengths } = encodedRows(
    reader,
    examples.flatMap(({ inputs }) => inputs),
    { maxLength },
  );
  const starts: number[] = [];
  let next = 0;
  for (const { inputs } of examples) {
    starts.push(next);
    next += inputs.length;
  }
  const rowsOf = (index: number): number[] => examples[index]!.inputs.map((_, i) => starts[index]! + i);
  const lengths = examples.map(
    ({ inputs }, i) => inputs.length * Math.max(...rowsOf(i).map((row) => rowLengths[row]!)),
  );
  const made = (chosen: readonly number[], first: number): Batch => {
    const rows = chosen.flatMap(rowsOf);
    let at = 0;
    const placed = chosen.map((index): PlacedExample => {
      const { task, label, inputs } = examples[index]!;
      return { task, label, rows: inputs.map(() => at++) };
    });
    const feeds = batch(rows);
    return {
      feeds: {
        ...feeds,
        ...placesOf(placed, tasks, rows.length),
        ...(writes && nextTokens(feeds, placed, languageModel)),
      },
      targets: chosen.length,
      examples: rows.map((_, i) => first + i),
    };
  };
  const sizes = lengths.map((length) => ({ source: length, target: length }));
  const epoch = (number: number): Epoch => {
    const { batches } = tokenBatches(sizes, { tokens: batchTokens, seed, epoch: number });
    return {
      length: Math.ceil(batches.length / accumulate),
      batch: (index) => {
        let first = 0;
        return batches.slice(index * accumulate, (index + 1) * accumulate).map((chosen) => {
          const part = made(chosen, first);
          first += part.examples.length;
          return part;
        });
      },
    };
  };
  return { epoch, lengths, given: Object.keys(batch([0])) };
}

/** What judging needs. */
interface Judging {
  readonly reader: TextModel;
  readonly tasks: readonly SharedTask[];
  /** The model of each task. */
  readonly models: readonly Model[];
  readonly config: TogetherConfig;
}

/** The scores of all tasks, each behind the task's name, and `accuracy`, the mean of theirs. */
async function judged(read: readonly Read[], part: "validation" | "test", judging: Judging): Promise<Scores> {
  const scores: Record<string, number> = {};
  const accuracies: number[] = [];
  for (const [i, one] of read.entries()) {
    const examples = examplesOf(one[part], one.classes);
    if (examples.length === 0) continue;
    const own = scoresOf(await judgeTask(examples, i, judging));
    accuracies.push(own["accuracy"]!);
    for (const [metric, score] of Object.entries(own)) scores[`${one.name}: ${metric}`] = score;
  }
  return { accuracy: accuracies.reduce((sum, x) => sum + x, 0) / accuracies.length, ...scores };
}

/** A task's head whose parameters bear the names that they have among those of all tasks. */
const underHead = (architecture: Architecture, name: string, base: string): Architecture => ({
  ...architecture,
  compute: (scope, given) => architecture.compute(scope.with(sharing(name, base)), given),
});

/** Rows that are judged at once. */
const JUDGED = 32;

async function judgeTask(
  examples: readonly SharedExample[],
  task: number,
  { reader, tasks, models, config: { maxLength } }: Judging,
): Promise<ExampleStatistics[]> {
  const { batch } = encodedRows(
    reader,
    examples.flatMap(({ inputs }) => inputs),
    { maxLength },
  );
  const rows: Float32Array[] = [];
  const count = examples.reduce((sum, { inputs }) => sum + inputs.length, 0);
  for (let start = 0; start < count; start += JUDGED) {
    const some = Array.from({ length: Math.min(JUDGED, count - start) }, (_, i) => start + i);
    const logits = (await models[task]!.run(batch(some), { outputs: ["logits"] })).get("logits")!;
    rows.push(...some.map((_, row) => rowOf(logits, row).slice()));
  }
  let at = 0;
  const chosen = examples.map(({ inputs }) => {
    const own = rows.slice(at, (at += inputs.length));
    const scores =
      tasks[task]!.form === "choices"
        ? own.map((row) => row[0]!)
        : [...own[0]!].map((score, i) => score + (own[1]?.[i] ?? 0));
    return String(scores.indexOf(Math.max(...scores)));
  });
  const due = examples.map(({ label }) => String(label));
  return classificationStatistics(due, chosen);
}
