/** Which head of a translator aligns words: asked of a model of the studio, or of one that is trained on the spot. */
import { Stopped, train, Translator } from "heed";
import { contentWords } from "heed/data";
import { alignmentAccuracy, mergeAttention, type Span, type WordLink } from "heed/evaluation";
import {
  ask,
  queries,
  translatorSubject,
  type AnswerOf,
  type Query,
  type QueryName,
  type QuestionOf,
  type Subject,
} from "heed/inspect";
import type { EngineOptions } from "heed/runtime";
import { numbersOf, type Work } from "./work.ts";
import { visits, type Visit } from "./visits.ts";

export const sentence = "Jane visite l'Afrique en septembre";
export const reference = "Jane visits Africa in September";
/** Sentences that a model trained on the spot does not learn from; their gold alignments judge the heads. */
export const held: readonly Visit[] = visits.filter((_, i) => i % 24 === 5);
const learned = visits.filter((_, i) => i % 24 !== 5);
/** The gold alignment of the sentence, as the corpus aligns those that differ from it in names alone. */
export const gold: readonly WordLink[] = [[0, 0], [1, 1], [3, 2], [4, 3], [5, 4]]; // prettier-ignore
/** Words that say little by themselves do not count, as in `heed evaluate`. */
const functionWords = new Set(["in", "the", "to", "will", "does", "not", "is", "used"]);

/** Asks one model: the server's, or one in the page. */
export type AskModel = <N extends QueryName>(name: N, question: QuestionOf<N>) => Promise<AnswerOf<N>>;

/** One head of cross-attention. Layers and heads count from 1. */
export interface AlignedHead {
  readonly layer: number;
  readonly head: number;
  /** Content words of the held-out sentences whose largest weight is on a gold word, and of how many. */
  readonly correct: number;
  readonly total: number;
  /** For the sentence: [words written][words read]. */
  readonly weights: readonly (readonly number[])[];
}

export interface HeadsOfTranslator {
  /** What the model calls itself. */
  readonly model: string;
  /** Its id among the studio's models; undefined for one that was trained on the spot. */
  readonly id?: string;
  readonly translation: string;
  /** The words of the sentence and of the reference, with the end token. */
  readonly read: readonly string[];
  readonly written: readonly string[];
  readonly heads: readonly AlignedHead[];
}

/** Trains a small translator; its attention is asked as that of any model. Dispose of the subject when done. */
export async function trainVisits(work: Work, options: EngineOptions): Promise<Subject> {
  const sizes = { layers: 1, width: 32, heads: 2, feedForward: 64, vocabulary: 300, seed: work.seed };
  const translator = await Translator.create(learned, { ...sizes, model: { dropout: 0 }, ...options });
  try {
    const updates = work.quick ? 40 : 500;
    const how = { schedule: "linear", learningRate: 0.01, warmUp: 20, batchTokens: 768, seed: work.seed } as const;
    for await (const { update, loss } of train(translator, learned, { updates, ...how })) {
      if (work.stop.aborted) throw new Stopped("Stopped. What was learned so far is gone; train again when you like.");
      work.progress(update, updates, `Training: loss ${loss.toFixed(3)}`);
    }
    return translatorSubject(translator);
  } catch (error) {
    await translator.dispose();
    throw error;
  }
}

/** The questions of one subject in this process. */
export const askSubject =
  (subject: Subject): AskModel =>
  (name, question) =>
    ask((queries as unknown as Record<string, Query>)[name]!, subject, question) as never;

/** What each head of cross-attention does with the sentence, and how well it aligns the held-out ones. */
export async function headsOf(
  askModel: AskModel,
  model: string,
  { stop, progress, quick }: Pick<Work, "stop" | "progress" | "quick">,
): Promise<HeadsOfTranslator> {
  const { attention } = await askModel("summary", {});
  const group = attention.find(({ name }) => name === "crossAttentions")!;
  const translation = (await askModel("reading", { text: sentence })).target ?? "";
  const pairs = [{ source: sentence, target: reference, alignment: gold }, ...(quick ? held.slice(0, 4) : held)];
  const counts = Array.from({ length: group.layers * group.heads }, () => ({ correct: 0, total: 0 }));
  const shown: (readonly (readonly number[])[])[] = [];
  let axes: { read: string[]; written: string[] } | undefined;
  for (const [p, { source, target, alignment }] of pairs.entries()) {
    if (stop.aborted) throw new Stopped("Stopped.");
    progress(p, pairs.length, "Asking where the heads look");
    const given = { text: source, target };
    const { axes: found } = await askModel("reading", given);
    const [read, written] = [found.source!, found.target!];
    axes ??= { read: wordsOf(read), written: wordsOf(written) };
    const targets = contentWords(
      wordsIn(written)
        .slice(0, -1)
        .map(({ text }) => ({ text, start: 0, end: 0 })),
      functionWords,
    );
    for (let layer = 0; layer < group.layers; layer++) {
      const {
        tensors,
        queries: rows,
        keys: columns,
      } = await askModel("attention", { ...given, group: group.name, layer });
      const all = numbersOf(tensors.weights);
      for (let head = 0; head < group.heads; head++) {
        const weights = Array.from({ length: rows }, (_, t) =>
          all.subarray((head * rows + t) * columns, (head * rows + t + 1) * columns),
        );
        const words = mergeAttention(weights, spansOf(read), spansOf(written));
        const place = layer * group.heads + head;
        if (p === 0) {
          shown[place] = words;
          continue;
        }
        const { correct, total } = alignmentAccuracy(words, alignment, { targets });
        counts[place] = { correct: counts[place]!.correct + correct, total: counts[place]!.total + total };
      }
    }
  }
  const heads = counts.map((count, place) => ({
    ...{ layer: Math.floor(place / group.heads) + 1, head: (place % group.heads) + 1 },
    ...count,
    weights: shown[place]!,
  }));
  return { model, translation, ...axes!, heads };
}

type Axis = NonNullable<AnswerOf<"reading">["axes"]["source"]>;
/** Words as alignments count them, and the end token as one of its own, so that looking at it counts as a miss. */
const wordsIn = ({ words }: Axis): Axis["words"] =>
  words.filter(({ text }, i) => text !== "" || i === words.length - 1);
const spansOf = (axis: Axis): Span[] => wordsIn(axis).map(({ first, end }) => [first, end]);
const wordsOf = (axis: Axis): string[] =>
  wordsIn(axis).map(({ text, first }) => (text === "" ? axis.labels[first]! : text));

/** Heads, the one that aligns best first. */
export const best = (heads: readonly AlignedHead[]): AlignedHead[] =>
  [...heads].sort((a, b) => b.correct / b.total - a.correct / a.total);
