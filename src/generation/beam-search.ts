/** Beam search with length penalty and n-best, by the rules of Hugging Face's `generate`. */
import { compact } from "./compact.ts";
import type { CachedModel } from "./cached-model.ts";
import type { Alternative, BeamCandidate, Generated } from "./options.ts";
import { stopped, type SearchPlan } from "./plan.ts";
import { applyRule } from "./rules.ts";
import { gumbelKeys } from "./sampling.ts";
import { activeRules, alternativesOf, visitTop, wholeScores, type Choice, type WholeScores } from "./scored.ts";
import type { Selected, Session } from "./session.ts";
import { best } from "./warpers.ts";

/** A token behind others: sequences that begin alike share their beginnings. */
interface Link {
  readonly id: number;
  readonly logProbability: number;
  readonly before: Link | undefined;
  readonly alternatives: readonly Alternative[] | undefined;
  readonly scores: Float32Array | undefined;
}

/** An open sequence. */
interface Beam {
  readonly last: Link | undefined;
  readonly sum: number;
}

interface Candidate extends Choice {
  /** Which of the beams it goes on from. */
  readonly from: number;
  readonly sum: number;
}

interface Hypothesis {
  readonly last: Link | undefined;
  readonly score: number;
  readonly ending: BeamCandidate["ending"];
}

/** A row of the input on its way. */
interface Search {
  readonly place: number;
  readonly prompt: readonly number[];
  /** Open sequences, best first; they have rows of the cache one after another. */
  beams: readonly Beam[];
  /** Closed sequences, best first. */
  closed: readonly Hypothesis[];
  live: boolean;
}

/**
 * Follows the best sequences of each row at once. A sequence that ends counts only where its last token is among the
 * best candidates of the step, as many as there are beams. A score is the sum of log-probabilities over (number of new
 * tokens, end token included) to the power of the length penalty. Gives the sequences of each row, best first.
 */
export async function beamSearch(model: CachedModel, plan: SearchPlan): Promise<Generated[][]> {
  const { shape, data } = plan.prompt;
  const [rows, length] = shape as readonly [number, number];
  const searches = Array.from({ length: rows }, (_, place): Search => {
    const prompt = Array.from(data.subarray(place * length, (place + 1) * length), Number);
    return { place, prompt, beams: [{ last: undefined, sum: 0 }], closed: [], live: true };
  });
  if (stopped(plan)) for (const search of searches) closeOpen(search, plan, 1);
  else if (rows > 0) await run(model, plan, searches);
  return searches.map(({ closed }) => closed.slice(0, plan.sequences).map((one) => generated(one, plan)));
}

async function run(model: CachedModel, plan: SearchPlan, searches: readonly Search[]): Promise<void> {
  const session = await model.start(plan.feeds, plan.selection);
  try {
    // Who has rows of the cache, in order; ended sequences keep theirs until they are dropped.
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
function extend(search: Search, plan: SearchPlan, selected: Selected, row: number, step: number): number[] {
  const length = step + 1;
  const { candidates, scores } = continuations(search, plan, selected, row, step);
  const alternatives = search.beams.map((_, from) =>
    plan.alternatives > 0 ? alternativesOf(selected, row + from, plan.alternatives) : undefined,
  );
  const linked = ({ id, logProbability, from }: Candidate): Link => {
    return {
      id,
      logProbability,
      before: search.beams[from]!.last,
      alternatives: alternatives[from],
      scores: scores[from],
    };
  };
  const open: (Beam & { readonly candidate: Candidate })[] = [];
  const closed = [...search.closed];
  const endings = candidates.map((candidate) => endingOf(search, plan, candidate, length));
  for (const [rank, candidate] of candidates.entries()) {
    const ending = endings[rank];
    if (ending === undefined) open.push({ last: linked(candidate), sum: candidate.sum, candidate });
    else if (rank < plan.beams) {
      closed.push({ last: linked(candidate), score: scoreOf(candidate.sum, length, plan), ending });
    }
  }
  // Drawn candidates come in the order of the draw.
  if (plan.sampling !== undefined) open.sort((a, b) => b.sum - a.sum);
  const before = search.beams.length;
  search.closed = closed.sort((a, b) => b.score - a.score).slice(0, plan.beams);
  search.beams = open.slice(0, plan.beams);
  search.live = open.length > 0 && !isDone(search, plan, length);
  const kept = open.slice(0, plan.beams).map(({ candidate }) => candidate);
  plan.onBeamStep?.({
    row: search.place,
    step,
    live: search.live,
    candidates: candidates.map((candidate, rank) => {
      const { id, from, logProbability, sum } = candidate;
      const [ending, place] = [endings[rank], kept.indexOf(candidate)];
      const finished = ending !== undefined && rank < plan.beams;
      const state = finished ? "finished" : place >= 0 ? "kept" : "pruned";
      const score = scoreOf(sum, length, plan);
      return { id, from, logProbability, sum, score, state, ending, place: place < 0 ? undefined : place };
    }),
  });
  return search.live ? kept.map(({ from }) => from) : Array.from({ length: before }, (_, i) => i);
}

function endingOf(search: Search, plan: SearchPlan, { id, from }: Candidate, length: number): Hypothesis["ending"] {
  if (plan.endIds.has(id)) return "end token";
  if (plan.hitsStopString !== undefined) {
    const ids = [...search.prompt, ...links(search.beams[from]!.last).map((link) => link.id), id];
    if (plan.hitsStopString(ids)) return "stop string";
  }
  return length >= plan.limit(search.place) ? "length" : undefined;
}

/** Whether no open sequence is expected to get among the closed ones. */
function isDone({ place, beams, closed }: Search, plan: SearchPlan, length: number): boolean {
  if (closed.length < plan.beams) return false;
  if (plan.earlyStopping === true) return true;
  const far = plan.earlyStopping === "never" && plan.lengthPenalty > 0;
  const most = scoreOf(beams[0]!.sum, far ? plan.limit(place) : length, plan);
  return most <= closed.at(-1)!.score;
}

const scoreOf = (sum: number, length: number, { lengthPenalty }: SearchPlan): number => sum / length ** lengthPenalty;

/** The best continuations of a row's beams, best first, or drawn; and the scores of each beam, if they are wanted. */
function continuations(
  search: Search,
  plan: SearchPlan,
  selected: Selected,
  row: number,
  step: number,
): { readonly candidates: Candidate[]; readonly scores: readonly (Float32Array | undefined)[] } {
  const { place, beams, prompt } = search;
  const moment = { place, step };
  if (selected.kind === "top") return { candidates: bestOfTop(search, plan, selected, row, step), scores: [] };
  const history = ({ last }: Beam) => [...prompt, ...links(last).map(({ id }) => id)];
  const group = beams.map((beam, from) => ({ at: row + from, history: () => history(beam) }));
  const whole = wholeScores(selected, group, plan, moment, true);
  if (plan.sampling !== undefined) {
    const { warpers, last } = plan.sampling;
    const rows = whole.map(({ scores }, from) => ({ scores, history: group[from]!.history() }));
    for (const { warp } of warpers) for (const { scores, history: ids } of rows) warp(scores, ids);
    for (const rule of last) applyRule(rule, rows, moment);
  }
  const scores = whole.map((one) => (plan.outputScores ? one.scores : undefined));
  return { candidates: bestOf(whole, search, plan, step), scores };
}

/** The best continuations among the tokens that left the engine, which are the best of each beam. */
function bestOfTop(
  { place, beams }: Search,
  plan: SearchPlan,
  selected: Selected & { kind: "top" },
  row: number,
  step: number,
): Candidate[] {
  const active = activeRules(plan, { place, step });
  const found: Candidate[] = [];
  for (const [from, beam] of beams.entries()) {
    visitTop(selected, row + from, active, (id, score) => {
      const sum = beam.sum + score;
      const full = found.length === plan.width;
      if (sum === -Infinity || (full && sum <= found.at(-1)!.sum)) return false;
      let rank = found.length;
      while (rank > 0 && found[rank - 1]!.sum < sum) rank--;
      if (full) found.pop();
      found.splice(rank, 0, { id, score, logProbability: score, from, sum });
      return true;
    });
  }
  return found;
}

/** The best continuations by the scores of the whole vocabulary, or drawn ones. */
function bestOf(whole: readonly WholeScores[], { place, beams }: Search, plan: SearchPlan, step: number): Candidate[] {
  const candidate = (id: number, from: number): Candidate => {
    const { scores, logProbability } = whole[from]!;
    return { id, from, score: scores[id]!, logProbability: logProbability(id), sum: beams[from]!.sum + scores[id]! };
  };
  const possible = ({ score }: Candidate): boolean => score !== -Infinity;
  if (plan.sampling === undefined) {
    const found = whole.flatMap(({ scores }, from) => best(scores, plan.width).map((id) => candidate(id, from)));
    return found
      .filter(possible)
      .sort((a, b) => b.sum - a.sum)
      .slice(0, plan.width);
  }
  const all = whole.flatMap(({ scores }, from) => [...scores.keys()].map((id) => candidate(id, from))).filter(possible);
  const sums = all.map(({ sum }) => sum);
  const keys = gumbelKeys(sums, plan.seed, "beams", plan.placeOf(place), step);
  const drawn = [...keys.keys()].sort((a, b) => keys[b]! - keys[a]!).slice(0, plan.width);
  return drawn.map((i) => all[i]!);
}

/** A signal ends the search: open sequences stand behind the finished ones. */
function closeOpen(search: Search, plan: SearchPlan, length: number): void {
  if (!search.live) return;
  const open = search.beams.map(({ last, sum }) => {
    return { last, score: scoreOf(sum, length, plan), ending: undefined };
  });
  search.closed = [...search.closed, ...open];
  search.live = false;
}

function links(last: Link | undefined): Link[] {
  const chain: Link[] = [];
  for (let link = last; link !== undefined; link = link.before) chain.push(link);
  return chain.reverse();
}

function generated({ last, score, ending }: Hypothesis, plan: SearchPlan): Generated {
  const chain = links(last);
  const endId = ending === "end token" ? last!.id : undefined;
  return {
    ids: Int32Array.from(endId === undefined ? chain : chain.slice(0, -1), ({ id }) => id),
    endId,
    score,
    logProbabilities: Float32Array.from(chain, ({ logProbability }) => logProbability),
    finished: ending === "end token" || ending === "stop string",
    ...(plan.alternatives > 0 ? { alternatives: chain.map(({ alternatives }) => alternatives!) } : {}),
    ...(plan.outputScores ? { scores: chain.map(({ scores }) => scores!) } : {}),
  };
}
