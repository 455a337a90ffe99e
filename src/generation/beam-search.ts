/** Beam search with length penalty and n-best, by the rules of Hugging Face's `generate`. */
import { InputError } from "../errors/index.ts";
import type { Values } from "../runtime/index.ts";
import { promptOf, type CachedModel, type Selected, type Session } from "./cached-model.ts";
import { compact } from "./compact.ts";
import { planOf, stopped, type Generated, type SearchOptions, type SearchPlan } from "./options.ts";
import { logSumExp } from "./processors.ts";

/** How beams are followed. */
export interface BeamOptions extends SearchOptions {
  /** How many sentences are followed at once. */
  readonly beams: number;
  /** Scores are divided by the number of tokens to this power; above 0 favors long sentences. Default: 1. */
  readonly lengthPenalty?: number | undefined;
  /** How many sentences a row gets, best first. Default: 1. */
  readonly nBest?: number | undefined;
  /**
   * When to stop once `beams` sentences are finished: `true`, at once; `false`, when the best open one, at its present
   * length, scores no better than the worst finished one; `"never"`, when it could not do so at any length. With one
   * beam the first end token stops. Default: false.
   */
  readonly earlyStopping?: boolean | "never" | undefined;
}

/** A token behind others: sentences that begin alike share their beginnings. */
interface Link {
  readonly id: number;
  readonly logProbability: number;
  readonly before: Link | undefined;
}

/** An open sentence. */
interface Beam {
  readonly last: Link | undefined;
  readonly sum: number;
}

interface Candidate extends Beam {
  readonly last: Link;
  /** Which of the beams it goes on from. */
  readonly from: number;
}

interface Hypothesis {
  readonly last: Link | undefined;
  readonly score: number;
  readonly finished: boolean;
}

/** A row of the input on its way. */
interface Search {
  readonly place: number;
  readonly prompt: readonly number[];
  /** Open sentences, best first; they have rows of the cache one after another. */
  beams: readonly Beam[];
  /** Closed sentences, best first. */
  closed: readonly Hypothesis[];
  live: boolean;
}

interface BeamPlan extends SearchPlan {
  readonly beams: number;
  readonly lengthPenalty: number;
  readonly earlyStopping: boolean | "never";
}

/**
 * Follows the `beams` best sentences of each row at once. A sentence that ends counts only where its end token is among
 * the `beams` best candidates of the step. A score is the sum of log-probabilities over (number of new tokens, end token
 * included) to the power of the length penalty. Gives up to `nBest` sentences a row, best first.
 * @param feeds The inputs of the model function; the growing one holds the prompts, int32[rows, length].
 * @throws InputError where an option or a prompt cannot be used.
 */
export async function beamSearch(model: CachedModel, feeds: Values, options: BeamOptions): Promise<Generated[][]> {
  const { shape, data } = promptOf(model, feeds);
  const [rows, length] = shape as readonly [number, number];
  const { nBest = 1 } = options;
  const plan = beamPlan(options, rows);
  const searches = Array.from({ length: rows }, (_, place): Search => {
    const prompt = Array.from(data.subarray(place * length, (place + 1) * length), Number);
    return { place, prompt, beams: [{ last: undefined, sum: 0 }], closed: [], live: true };
  });
  if (stopped(plan)) for (const search of searches) closeOpen(search, plan, 1);
  else if (rows > 0) await run(model, feeds, plan, searches);
  return searches.map(({ closed }) => closed.slice(0, nBest).map(generated));
}

function beamPlan(options: BeamOptions, rows: number): BeamPlan {
  const { beams, lengthPenalty = 1, nBest = 1, earlyStopping = false } = options;
  if (!Number.isInteger(beams) || beams < 1)
    throw new InputError(`beams is ${beams}; expected a whole number from 1 on.`);
  if (!Number.isInteger(nBest) || nBest < 1 || nBest > beams) {
    throw new InputError(`nBest is ${nBest}; expected a whole number from 1 up to the number of beams, ${beams}.`);
  }
  return { ...planOf(options, rows), beams, lengthPenalty, earlyStopping: beams === 1 ? true : earlyStopping };
}

async function run(model: CachedModel, feeds: Values, plan: BeamPlan, searches: readonly Search[]): Promise<void> {
  const whole = plan.processors.length > 0;
  const session = await model.start(
    feeds,
    whole ? { kind: "logits" } : { kind: "top", count: 2 * plan.beams + plan.forbidden },
  );
  try {
    // Who has rows of the cache, in order; ended sentences keep theirs until they are dropped.
    let holders = searches.map((search) => ({ search, rows: 1 }));
    for (let step = 0; ; step++) {
      const order: number[][] = [];
      let row = 0;
      for (const { search, rows } of holders) {
        const own = Array.from({ length: rows }, (_, i) => row + i);
        order.push(search.live ? extend(search, plan, session.selected, row, step).map((from) => row + from) : own);
        row += rows;
      }
      if (stopped(plan)) for (const search of searches) closeOpen(search, plan, step + 1);
      if (!searches.some(({ live }) => live)) return;
      const kept = compact(holders.map(({ search }) => search));
      holders = Array.from(kept, (at) => ({ search: holders[at]!.search, rows: order[at]!.length }));
      await advance(session, holders, Array.from(kept, (at) => order[at]!).flat());
    }
  } finally {
    await session.close();
  }
}

async function advance(
  session: Session,
  holders: readonly { readonly search: Search; readonly rows: number }[],
  order: readonly number[],
): Promise<void> {
  const ids = holders.flatMap(({ search: { live, beams }, rows }) =>
    live ? beams.map(({ last }) => last!.id) : Array.from({ length: rows }, () => 0),
  );
  await session.advance(Int32Array.from(ids), Int32Array.from(order));
}

/** Takes one step of a row. Returns for each of its rows of the cache, from now on, which of the old ones it goes on from. */
function extend(search: Search, plan: BeamPlan, selected: Selected, row: number, step: number): number[] {
  const { beams } = plan;
  const length = step + 1;
  const last = length >= plan.limit(search.place);
  const candidates = search.beams.flatMap((beam, from) => continuations(search, plan, selected, row, from, beam, step));
  candidates.sort((a, b) => b.sum - a.sum);
  const open: Candidate[] = [];
  const closed = [...search.closed];
  for (const [rank, candidate] of candidates.slice(0, 2 * beams).entries()) {
    const finished = candidate.last.id === plan.endId;
    if (!finished && !last) {
      if (open.length < beams) open.push(candidate);
    } else if (rank < beams) {
      closed.push({ last: candidate.last, score: scoreOf(candidate.sum, length, plan), finished });
    }
  }
  const before = search.beams.length;
  search.closed = closed.sort((a, b) => b.score - a.score).slice(0, beams);
  search.beams = open;
  search.live = open.length > 0 && !isDone(search, plan, length);
  return search.live ? open.map(({ from }) => from) : Array.from({ length: before }, (_, i) => i);
}

/** Whether no open sentence is expected to get among the closed ones. */
function isDone({ place, beams, closed }: Search, plan: BeamPlan, length: number): boolean {
  if (closed.length < plan.beams) return false;
  if (plan.earlyStopping === true) return true;
  const far = plan.earlyStopping === "never" && plan.lengthPenalty > 0;
  const best = scoreOf(beams[0]!.sum, far ? plan.limit(place) : length, plan);
  return best <= closed.at(-1)!.score;
}

const scoreOf = (sum: number, length: number, { lengthPenalty }: BeamPlan): number => sum / length ** lengthPenalty;

/** The best continuations of one beam. */
function continuations(
  search: Search,
  plan: BeamPlan,
  selected: Selected,
  row: number,
  from: number,
  beam: Beam,
  step: number,
): Candidate[] {
  const found: Candidate[] = [];
  const add = (id: number, logProbability: number): void => {
    if (logProbability === -Infinity || plan.forbids(id, step)) return;
    found.push({ from, sum: beam.sum + logProbability, last: { id, logProbability, before: beam.last } });
  };
  const { width } = selected;
  const first = (row + from) * width;
  if (selected.kind === "top") {
    for (let i = first; i < first + width; i++) add(selected.ids[i]!, selected.logProbabilities[i]!);
    return found;
  }
  const scores = selected.logits.slice(first, first + width);
  const whole = logSumExp(scores);
  for (let i = 0; i < width; i++) scores[i] = scores[i]! - whole;
  const history = [...search.prompt, ...links(beam.last).map(({ id }) => id)];
  for (const process of plan.processors) process(scores, history);
  for (const id of best(scores, 2 * plan.beams + plan.forbidden)) add(id, scores[id]!);
  return found;
}

/** The indices of the `count` largest scores. */
function best(scores: Float32Array, count: number): number[] {
  if (count >= scores.length) return [...scores.keys()];
  const threshold = scores.toSorted()[scores.length - count]!;
  return [...scores.keys()].filter((i) => scores[i]! >= threshold);
}

/** A signal ends the search: open sentences stand behind the finished ones. */
function closeOpen(search: Search, plan: BeamPlan, length: number): void {
  if (!search.live) return;
  const open = search.beams.map(({ last, sum }) => {
    return { last, score: scoreOf(sum, length, plan), finished: false };
  });
  search.closed = [...search.closed, ...open];
  search.live = false;
}

function links(last: Link | undefined): Link[] {
  const chain: Link[] = [];
  for (let link = last; link !== undefined; link = link.before) chain.push(link);
  return chain.reverse();
}

function generated({ last, score, finished }: Hypothesis): Generated {
  const chain = links(last);
  const ids = Int32Array.from(finished ? chain.slice(0, -1) : chain, ({ id }) => id);
  return { ids, score, logProbabilities: Float32Array.from(chain, ({ logProbability }) => logProbability), finished };
}
