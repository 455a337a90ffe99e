/** Searches that follow one continuation a row: greedy, and sampling. */
import { random } from "../random/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { promptOf, type CachedModel, type Selected, type Session } from "./cached-model.ts";
import { compact } from "./compact.ts";
import { planOf, stopped, type Generated, type SearchOptions, type SearchPlan } from "./options.ts";
import { logSumExp } from "./processors.ts";
import type { Selection } from "./programs.ts";
import { samplingProcessors, type SamplingOptions } from "./sampling.ts";

/** A token and its log-probability under the model. */
interface Choice {
  readonly id: number;
  readonly logProbability: number;
}

/** A token that a row got. */
interface Step extends Choice {
  readonly place: number;
  /** Whether it is the end token. */
  readonly ends: boolean;
}

/** A row on its way. */
interface Row {
  /** Its place in the input. */
  readonly place: number;
  /** Prompt and tokens so far. */
  readonly history: number[];
  live: boolean;
}

/** How a token is chosen, and what must leave the engine for it. */
interface Chooser {
  readonly selection: Selection;
  readonly choose: (selected: Selected, at: number, row: Row, step: number) => Choice;
}

/**
 * Takes the most probable token at each step. Gives one sentence for each row of the prompts.
 * @param feeds The inputs of the model function; the growing one holds the prompts, int32[rows, length].
 * @throws InputError where an option or a prompt cannot be used.
 */
export async function greedy(model: CachedModel, feeds: Values, options: SearchOptions): Promise<Generated[][]> {
  const { shape } = promptOf(model, feeds);
  const plan = planOf(options, shape[0]!);
  return collect(decode(model, feeds, plan, greedyChooser(plan)), shape[0]!);
}

/**
 * Draws each token from the model's distribution, changed by the options in this order: processors, repetition penalty,
 * temperature, top-k, top-p, min-p. A draw depends on the seed, the row's place in the input and the step alone, not on
 * the batch around it. The log-probabilities it gives are the model's own.
 * @throws InputError where an option or a prompt cannot be used.
 */
export async function sample(
  model: CachedModel,
  feeds: Values,
  options: SearchOptions & SamplingOptions,
): Promise<Generated[][]> {
  const { shape } = promptOf(model, feeds);
  const plan = planOf(options, shape[0]!);
  return collect(decode(model, feeds, plan, samplingChooser(plan, options)), shape[0]!);
}

/**
 * The tokens of one sentence as they come, without the end token: greedily, or drawn where `seed` is given. Leaving the
 * loop ends the search and frees its cache.
 * @throws InputError where an option or the prompt cannot be used.
 */
export async function* streamTokens(
  model: CachedModel,
  feeds: Values,
  options: SearchOptions | (SearchOptions & SamplingOptions),
): AsyncGenerator<number, void, undefined> {
  const { shape } = promptOf(model, feeds);
  const plan = planOf(options, shape[0]!);
  const chooser = "seed" in options ? samplingChooser(plan, options) : greedyChooser(plan);
  for await (const steps of decode(model, feeds, plan, chooser)) {
    const first = steps.find(({ place }) => place === 0);
    if (first === undefined || first.ends) return;
    yield first.id;
  }
}

function greedyChooser(plan: SearchPlan): Chooser {
  if (plan.processors.length === 0) {
    return {
      selection: { kind: "top", count: 1 + plan.forbidden },
      choose: (selected, at, _, step) => {
        const { width, ids, logProbabilities } = selected as Selected & { kind: "top" };
        let i = at * width;
        while (i + 1 < (at + 1) * width && plan.forbids(ids[i]!, step)) i++;
        return { id: ids[i]!, logProbability: logProbabilities[i]! };
      },
    };
  }
  return {
    selection: { kind: "logits" },
    choose: (selected, at, { history }, step) => {
      const { scores, logProbability } = rowOf(selected, at);
      for (const process of plan.processors) process(scores, history);
      let id = -1;
      for (let i = 0; i < scores.length; i++) {
        if ((id < 0 || scores[i]! > scores[id]!) && !plan.forbids(i, step)) id = i;
      }
      return { id, logProbability: logProbability(id) };
    },
  };
}

function samplingChooser(plan: SearchPlan, options: SamplingOptions): Chooser {
  const { seed, places, topK: count } = options;
  const processors = [...plan.processors, ...samplingProcessors(options)];
  // Processors of the caller and the repetition penalty look tokens up by id: they need all scores.
  const whole = plan.processors.length > 0 || options.repetitionPenalty !== undefined || count === undefined;
  return {
    selection: whole ? { kind: "logits" } : { kind: "top", count: count + plan.forbidden },
    choose: (selected, at, { place, history }, step) => {
      const { scores, idOf, logProbability } = rowOf(selected, at);
      for (let i = 0; i < scores.length; i++) if (plan.forbids(idOf(i), step)) scores[i] = -Infinity;
      for (const process of processors) process(scores, history);
      const drawn = draw(scores, random(seed, "sample", places?.[place] ?? place, step).uniform());
      return { id: idOf(drawn), logProbability: logProbability(drawn) };
    },
  };
}

/** A copy of the scores of one row, and what its elements stand for. */
function rowOf(
  selected: Selected,
  at: number,
): { scores: Float32Array; idOf: (i: number) => number; logProbability: (i: number) => number } {
  const { width } = selected;
  const first = at * width;
  if (selected.kind === "top") {
    const { ids, logProbabilities } = selected;
    return {
      scores: logProbabilities.slice(first, first + width),
      idOf: (i) => ids[first + i]!,
      logProbability: (i) => logProbabilities[first + i]!,
    };
  }
  const logits = selected.logits.subarray(first, first + width);
  return { scores: logits.slice(), idOf: (i) => i, logProbability: (i) => logits[i]! - logSumExp(logits) };
}

/** The index where the running sum of exp(scores) passes the share `uniform` of the whole. */
function draw(scores: Float32Array, uniform: number): number {
  const whole = logSumExp(scores);
  let sum = 0;
  let last = 0;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] === -Infinity) continue;
    last = i;
    sum += Math.exp(scores[i]! - whole);
    if (uniform < sum) return i;
  }
  return last;
}

/** Steps until every row has ended; each gives the tokens that the rows got. */
async function* decode(
  model: CachedModel,
  feeds: Values,
  plan: SearchPlan,
  { selection, choose }: Chooser,
): AsyncGenerator<readonly Step[], void, undefined> {
  let rows = rowsOf(promptOf(model, feeds));
  if (rows.length === 0 || stopped(plan)) return;
  const session = await model.start(feeds, selection);
  try {
    for (let step = 0; ; step++) {
      const steps: Step[] = [];
      for (const [at, row] of rows.entries()) {
        if (!row.live) continue;
        const choice = choose(session.selected, at, row, step);
        row.history.push(choice.id);
        const ends = choice.id === plan.endId;
        row.live = !ends && step + 1 < plan.limit(row.place);
        steps.push({ ...choice, place: row.place, ends });
      }
      yield steps;
      if (stopped(plan) || !rows.some(({ live }) => live)) return;
      rows = await advance(session, rows);
    }
  } finally {
    await session.close();
  }
}

function rowsOf({ shape, data }: HostTensor): Row[] {
  const [count, length] = shape as readonly [number, number];
  return Array.from({ length: count }, (_, place) => {
    return { place, history: Array.from(data.subarray(place * length, (place + 1) * length), Number), live: true };
  });
}

/** Runs the next step, without the ended rows once they are many. */
async function advance(session: Session, rows: readonly Row[]): Promise<Row[]> {
  const kept = compact(rows);
  const ids = Int32Array.from(kept, (at) => (rows[at]!.live ? rows[at]!.history.at(-1)! : 0));
  await session.advance(ids, kept);
  return Array.from(kept, (at) => rows[at]!);
}

async function collect(steps: AsyncGenerator<readonly Step[], void, undefined>, count: number): Promise<Generated[][]> {
  const rows = Array.from({ length: count }, () => ({ choices: [] as Choice[], finished: false }));
  for await (const step of steps) {
    for (const { place, id, logProbability, ends } of step) {
      rows[place]!.choices.push({ id, logProbability });
      rows[place]!.finished = ends;
    }
  }
  return rows.map(({ choices, finished }) => {
    const sum = choices.reduce((total, { logProbability }) => total + logProbability, 0);
    const ids = Int32Array.from(finished ? choices.slice(0, -1) : choices, ({ id }) => id);
    const logProbabilities = Float32Array.from(choices, ({ logProbability }) => logProbability);
    return [{ ids, score: sum / Math.max(choices.length, 1), logProbabilities, finished }];
  });
}
