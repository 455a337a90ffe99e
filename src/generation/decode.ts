/** Searches that follow each sequence by itself: greedy, and sampling. */
import { InputError } from "../errors/index.ts";
import { random } from "../random/index.ts";
import { compact } from "./compact.ts";
import type { CachedModel } from "./cached-model.ts";
import type { Alternative, Generated } from "./options.ts";
import { stopped, type SearchPlan } from "./plan.ts";
import { applyRule } from "./rules.ts";
import { draw } from "./sampling.ts";
import { activeRules, alternativesOf, visitTop, wholeScores, type Choice, type WholeScores } from "./scored.ts";
import type { Selected, Session } from "./session.ts";
import { best } from "./warpers.ts";

/** A token that a sequence got. */
export interface Step extends Choice {
  /** Which sequence: those of the first row, those of the second one, … */
  readonly sequence: number;
  readonly ending: "end token" | "stop string" | "length" | undefined;
  readonly alternatives: readonly Alternative[] | undefined;
  /** Of the whole vocabulary, where they were asked for. */
  readonly scores: Float32Array | undefined;
}

/** A sequence on its way. */
interface Row {
  /** Its row of the prompts. */
  readonly place: number;
  /** Which of the sequences that the row gets. */
  readonly copy: number;
  /** Its row of the cache. */
  readonly at: number;
  /** Prompt and tokens so far. */
  readonly history: number[];
  live: boolean;
}

/** Steps until every sequence has ended; each gives the tokens that they got. */
export async function* decode(model: CachedModel, plan: SearchPlan): AsyncGenerator<readonly Step[], void, undefined> {
  let rows = rowsOf(plan);
  if (rows.length === 0 || stopped(plan)) return;
  const session = await model.start(plan.feeds, plan.selection);
  try {
    for (let step = 0; ; step++) {
      const steps: Step[] = [];
      for (const row of rows) if (row.live) steps.push(take(plan, session.selected, row, step));
      yield steps;
      if (stopped(plan) || !rows.some(({ live }) => live)) return;
      rows = await advance(session, rows);
    }
  } finally {
    await session.close();
  }
}

function rowsOf({ prompt: { shape, data }, sequences }: SearchPlan): Row[] {
  const [count, length] = shape as readonly [number, number];
  return Array.from({ length: count * sequences }, (_, i) => {
    const place = Math.floor(i / sequences);
    const history = Array.from(data.subarray(place * length, (place + 1) * length), Number);
    return { place, copy: i % sequences, at: place, history, live: true };
  });
}

/** Chooses a row's next token. */
function take(plan: SearchPlan, selected: Selected, row: Row, step: number): Step {
  const { place, copy, at, history } = row;
  const { choice, scores } = choose(plan, selected, row, step);
  history.push(choice.id);
  const last = step + 1 >= plan.limit(place);
  const ending = plan.endIds.has(choice.id)
    ? "end token"
    : plan.hitsStopString?.(history) === true
      ? "stop string"
      : last
        ? "length"
        : undefined;
  row.live = ending === undefined;
  const alternatives = plan.alternatives > 0 ? alternativesOf(selected, at, plan.alternatives) : undefined;
  return { ...choice, sequence: place * plan.sequences + copy, ending, alternatives, scores };
}

function choose(
  plan: SearchPlan,
  selected: Selected,
  row: Row,
  step: number,
): { readonly choice: Choice; readonly scores?: Float32Array | undefined } {
  const { place, copy, at, history } = row;
  const { sampling } = plan;
  const moment = { place, step };
  const choices: Choice[] = [];
  let whole: WholeScores | undefined;
  if (selected.kind === "logits") {
    [whole] = wholeScores(selected, [{ at, history: () => history }], plan, moment, false);
  } else {
    visitTop(selected, at, activeRules(plan, moment), (id, score) => {
      choices.push({ id, score, logProbability: score });
      // Without a draw the first one is taken.
      return sampling !== undefined;
    });
  }
  const scores = whole?.scores ?? Float32Array.from(choices, ({ score }) => score);
  if (sampling !== undefined) {
    for (const { warp } of sampling.warpers) warp(scores, history);
    for (const rule of sampling.last) applyRule(rule, [{ scores, history }], moment);
  }
  const seed = [plan.seed, "sample", plan.placeOf(place), step, ...(copy > 0 ? [copy] : [])];
  const index = sampling === undefined ? best(scores, 1)[0]! : draw(scores, random(...seed).uniform());
  if (scores.length === 0 || scores[index] === -Infinity) {
    throw new InputError(`The options leave no token that row ${place} could get after ${step} new ones.`);
  }
  if (whole === undefined) return { choice: choices[index]! };
  const choice = { id: index, score: scores[index]!, logProbability: whole.logProbability(index) };
  return { choice, scores: plan.outputScores ? scores : undefined };
}

/** Runs the next step, without the ended rows once they are many. */
async function advance(session: Session, rows: readonly Row[]): Promise<Row[]> {
  const kept = Array.from(compact(rows), (i) => rows[i]!);
  const ids = Int32Array.from(kept, ({ live, history }) => (live ? history.at(-1)! : 0));
  await session.advance(
    ids,
    Int32Array.from(kept, ({ at }) => at),
  );
  return kept.map((row, at) => ({ ...row, at }));
}

/** The sequences of all steps, one list a row of the prompts. */
export async function collect(
  steps: AsyncGenerator<readonly Step[], void, undefined>,
  plan: SearchPlan,
): Promise<Generated[][]> {
  const rows = plan.prompt.shape[0]!;
  const taken = Array.from({ length: rows * plan.sequences }, (): Step[] => []);
  for await (const step of steps) for (const one of step) taken[one.sequence]!.push(one);
  const found = taken.map((sequence) => generatedOf(sequence, plan));
  return Array.from({ length: rows }, (_, row) => found.slice(row * plan.sequences, (row + 1) * plan.sequences));
}

/** What a sequence's steps come to. */
export function generatedOf(steps: readonly Step[], plan: SearchPlan): Generated {
  const ending = steps.at(-1)?.ending;
  const endId = ending === "end token" ? steps.at(-1)!.id : undefined;
  const sum = steps.reduce((total, { logProbability }) => total + logProbability, 0);
  return {
    ids: Int32Array.from(endId === undefined ? steps : steps.slice(0, -1), ({ id }) => id),
    endId,
    score: sum / Math.max(steps.length, 1) ** plan.lengthPenalty,
    logProbabilities: Float32Array.from(steps, ({ logProbability }) => logProbability),
    finished: ending === "end token" || ending === "stop string",
    ...(plan.alternatives > 0 ? { alternatives: steps.map(({ alternatives }) => alternatives!) } : {}),
    ...(plan.outputScores ? { scores: steps.map(({ scores }) => scores!) } : {}),
  };
}
