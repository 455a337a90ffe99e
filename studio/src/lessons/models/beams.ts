/** Greedy search against beams on a small GPT-2: its most likely first word leads nowhere in particular. */
import { architectureOf, cachedModel, lossOf, Model, parametersOf } from "heed";
import { beamTree, generate, idsTo, type BeamStep } from "heed/generation";
import { ModelParameters } from "heed/nn";
import type { HostTensor } from "heed/onnx";
import { idsOf, trainIn, withEngine, type Work } from "./work.ts";

const END = "<end>";
const verbs = ["bakes", "boils", "fries", "grills", "roasts"];
/** How often each sentence is read. */
export const sentences: readonly { readonly words: readonly string[]; readonly times: number }[] = [
  ...verbs.map((verb) => ({ words: ["the", "cook", verb, "fish", END], times: 2 })),
  { words: ["the", "guest", "waits", "here", END], times: 7 },
  { words: ["the", "waiter", "smiles", "back", END], times: 3 },
];
const words = [...new Set(sentences.flatMap((sentence) => sentence.words))];
const [V, T] = [words.length, 5];

/** A word that the search looked at. */
export interface SearchNode {
  readonly word: string;
  readonly parent: number | undefined;
  readonly state: "kept" | "finished" | "pruned";
  /** The chance of the words so far, under the model. */
  readonly chance: number;
  /** Whether it is on the way to what the search gives. */
  readonly best: boolean;
}

/** One search. */
export interface Search {
  readonly beams: number;
  readonly text: string;
  readonly chance: number;
  readonly nodes: readonly SearchNode[];
}

export interface Searches {
  readonly losses: readonly number[];
  /** With 1 beam, greedily; with 2; with 3. */
  readonly all: readonly Search[];
}

const architecture = architectureOf(
  {
    model_type: "gpt2",
    architectures: ["GPT2LMHeadModel"],
    ...{ vocab_size: V, n_positions: 8, n_embd: 32, n_layer: 1, n_head: 2 },
    ...{ resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0 },
    ...{ bos_token_id: words.indexOf("the"), eos_token_id: words.indexOf(END) },
  },
  "The lesson's model",
);

/** Trains the model on the sentences, and searches behind "the". */
export function trainAndSearch(work: Work): Promise<Searches> {
  return withEngine(work, async (engine) => {
    const rows = sentences.flatMap(({ words: sentence, times }) => Array.from({ length: times }, () => sentence));
    const ids = idsOf(words, rows);
    const feeds: Record<string, HostTensor> = { inputIds: ids, labels: ids };
    const parameters = await ModelParameters.initialize(engine, parametersOf(architecture), work.seed);
    const { losses } = await trainIn(engine, work, {
      objective: lossOf(architecture, ["inputIds", "labels"]),
      batch: { feeds, targets: 1, examples: [...rows.keys()] },
      updates: work.quick ? 60 : 200,
      learningRate: 0.01,
      parameters,
    });
    const model = cachedModel(new Model(architecture, parameters));
    const all: Search[] = [];
    for (const beams of [1, 2, 3]) all.push(await search(model, beams));
    return { losses, all };
  });
}

async function search(model: ReturnType<typeof cachedModel>, beams: number): Promise<Search> {
  const steps: BeamStep[] = [];
  const [[found]] = (await generate(
    model,
    { inputIds: { dtype: "int32", shape: [1, 1], data: Int32Array.of(words.indexOf("the")) } },
    {
      numBeams: beams,
      eosTokenId: words.indexOf(END),
      maxNewTokens: T,
      onBeamStep: (step) => {
        steps.push(step);
      },
    },
  )) as unknown as [[Awaited<ReturnType<typeof generate>>[number][number]]];
  const chances = Array.from(found.logProbabilities);
  const ids = found.endId === undefined ? [...found.ids] : [...found.ids, found.endId];
  const text = ["the", ...Array.from(found.ids, (id) => words[id]!)].join(" ");
  const chance = Math.exp(chances.reduce((sum, one) => sum + one, 0));
  const nodes = beams === 1 ? greedyNodes(ids, chances) : beamNodes(steps, ids);
  return { beams, text, chance, nodes };
}

/** Greedy search is a tree without branches. */
function greedyNodes(ids: readonly number[], chances: readonly number[]): SearchNode[] {
  let sum = 0;
  return ids.map((id, step) => {
    sum += chances[step]!;
    const state = step === ids.length - 1 ? ("finished" as const) : ("kept" as const);
    return { word: words[id]!, parent: step === 0 ? undefined : step - 1, state, chance: Math.exp(sum), best: true };
  });
}

function beamNodes(steps: readonly BeamStep[], ids: readonly number[]): SearchNode[] {
  const nodes = beamTree(steps);
  return nodes.map(({ node, parent, id, sum, state }) => {
    const way = idsTo(nodes, node);
    const best = way.every((one, i) => one === ids[i]);
    return { word: words[id]!, parent, state, chance: Math.exp(sum), best };
  });
}
