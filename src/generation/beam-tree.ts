/** A beam search as a tree: what each step looked at, kept and gave up. */
import type { BeamCandidate, BeamStep } from "./options.ts";

/** A token behind others in the tree of a beam search. */
export interface BeamNode {
  /** Its place in the list of nodes. */
  readonly node: number;
  /** The node that it goes on from; undefined for the first tokens. */
  readonly parent: number | undefined;
  /** The step that it comes from, from 0. */
  readonly step: number;
  readonly id: number;
  /** Under the model alone; 0 for a forced token. */
  readonly logProbability: number;
  /** The sum of log-probabilities up to it, as the processors left them. */
  readonly sum: number;
  /** The sum over the number of tokens to the power of the length penalty. */
  readonly score: number;
  /** Its place among the step's candidates, from 0. */
  readonly rank: number;
  readonly state: BeamCandidate["state"];
  readonly ending: BeamCandidate["ending"];
}

/**
 * The tree of the steps that `onBeamStep` was told for one row. Only sequences that were kept have nodes behind them.
 * Nodes stand in the order of the steps, those of a step in the order of its candidates.
 */
export function beamTree(steps: readonly BeamStep[]): BeamNode[] {
  const nodes: BeamNode[] = [];
  // The nodes of the open sequences, in their order.
  let open: readonly number[] = [];
  for (const { step, candidates } of steps) {
    const next: number[] = [];
    for (const [rank, { from, place, ...candidate }] of candidates.entries()) {
      const node = nodes.length;
      nodes.push({ node, parent: open[from], step, rank, ...candidate });
      if (place !== undefined) next[place] = node;
    }
    open = next;
  }
  return nodes;
}

/** The ids on the way to a node, its own included. */
export function idsTo(nodes: readonly BeamNode[], node: number): number[] {
  const ids: number[] = [];
  for (let at: number | undefined = node; at !== undefined; at = nodes[at]!.parent) ids.push(nodes[at]!.id);
  return ids.reverse();
}
