/** How probable given tokens are under a model that writes: many continuations of few beginnings in one forward pass. */
// P places, K tokens that are asked for at a place, V vocabulary
import { padRows } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import { dimension, input } from "../graph/index.ts";
import { Trace, type ModelParameters } from "../nn/index.ts";
import { chosenLogits, targetLogits } from "../objectives/index.ts";
import type { Architecture } from "../models/index.ts";
import { lower, type HostTensor } from "../onnx/index.ts";
import type { Values, View } from "../runtime/index.ts";

/** Tokens of which some are judged. */
export interface JudgedTokens {
  /** The whole row: for a decoder what stands in front, too. */
  readonly ids: readonly number[];
  /** The places of the judged tokens in `ids`, ascending; of a decoder alone the first is at least 1. */
  readonly places: readonly number[];
  /** What the encoder reads; undefined for a decoder alone. */
  readonly source?: readonly number[] | undefined;
}

/** What is known of the judged tokens of a row. */
export interface TokenLikelihoods {
  /** In nats, one a place. */
  readonly logProbabilities: Float64Array;
  /** Whether each is the most probable token at its place. */
  readonly best: readonly boolean[];
}

/** The model whose tokens are judged; its parameters may change between two calls. */
export interface JudgedModel {
  readonly architecture: Architecture;
  readonly parameters: ModelParameters;
}

/** The most tokens that go through the model at once, padding included. */
const AT_ONCE = 8192;
const PLACES = "judged.places";
const TOKENS = "judged.tokens";

interface Loaded {
  readonly program: number;
  readonly bind: Readonly<Record<string, View>>;
}

/**
 * Judges tokens under a model. Of a decoder, rows that begin alike are read once: what several continuations have in
 * common is computed once, and a row that is the beginning of another one is not computed at all. Dispose of it when done.
 */
export class TokenJudge {
  readonly #model: JudgedModel;
  #loaded: Promise<Loaded> | undefined;

  constructor(model: JudgedModel) {
    this.#model = model;
  }

  /**
   * The log-probabilities of the judged tokens, each given all tokens in front of it (and the source).
   * Throws InputError for a token that the model does not have, and for a row that is longer than it reads.
   */
  async judge(rows: readonly JudgedTokens[]): Promise<TokenLikelihoods[]> {
    requireReadable(this.#model.architecture, rows);
    const found = rows.map(({ places }) => {
      return { logProbabilities: new Float64Array(places.length), best: places.map(() => false) };
    });
    if (rows.some(({ source }) => source !== undefined)) await this.#judgePairs(rows, found);
    else await this.#judgeTexts(rows, found);
    return found;
  }

  /** Frees the program. The model stays. */
  async dispose(): Promise<void> {
    const loaded = await this.#loaded;
    this.#loaded = undefined;
    if (loaded !== undefined) await this.#model.parameters.engine.unload(loaded.program);
  }

  async #judgeTexts(rows: readonly JudgedTokens[], found: readonly TokenLikelihoods[]): Promise<void> {
    const beginnings = rows.map(({ ids, places }) => ids.slice(0, places.at(-1) ?? 0));
    for (const part of inParts(sharedBeginnings(beginnings), ({ ids }) => ids.length)) {
      const length = Math.max(...part.map(({ ids }) => ids.length));
      // Which tokens are asked for behind each place of the batch, and by whom.
      const asked = new Map<number, { token: number; row: number; at: number }[]>();
      for (const [line, { members }] of part.entries()) {
        for (const row of members) {
          const { ids, places } = rows[row]!;
          for (const [at, place] of places.entries()) {
            const behind = line * length + place - 1;
            const list = asked.get(behind) ?? [];
            list.push({ token: ids[place]!, row, at });
            asked.set(behind, list);
          }
        }
      }
      if (asked.size === 0) continue;
      const wanted = [...asked.values()];
      const feeds = {
        inputIds: int32(padRows(part.map(({ ids }) => ids), 0)), // prettier-ignore
        [PLACES]: int32({ shape: [asked.size], data: Int32Array.from(asked.keys()) }),
        [TOKENS]: int32(padRows(wanted.map((list) => list.map(({ token }) => token)), 0)), // prettier-ignore
      };
      const { logs, highest } = await this.#run(feeds);
      const width = logs.length / wanted.length;
      for (const [place, list] of wanted.entries()) {
        for (const [k, { row, at }] of list.entries()) {
          const value = logs[place * width + k]!;
          found[row]!.logProbabilities[at] = value;
          (found[row]!.best as boolean[])[at] = value >= highest[place]!;
        }
      }
    }
  }

  async #judgePairs(rows: readonly JudgedTokens[], found: readonly TokenLikelihoods[]): Promise<void> {
    const lines = rows.map((row, index) => ({ ...row, source: row.source ?? [], index }));
    for (const part of inParts(lines, ({ ids, source }) => Math.max(ids.length, source.length))) {
      const labels = padRows(part.map(({ ids }) => ids), -100); // prettier-ignore
      const sources = part.map(({ source }) => source);
      const feeds = {
        inputIds: int32(padRows(sources, 0)),
        attentionMask: int32(padRows(sources.map((ids) => ids.map(() => 1)), 0)), // prettier-ignore
        labels: int32(labels),
      };
      const { logs, highest } = await this.#run(feeds);
      const length = labels.shape[1];
      for (const [line, { index, places }] of part.entries()) {
        for (const [at, place] of places.entries()) {
          const value = logs[line * length + place]!;
          found[index]!.logProbabilities[at] = value;
          (found[index]!.best as boolean[])[at] = value >= highest[line * length + place]!;
        }
      }
    }
  }

  async #run(feeds: Values): Promise<{ logs: Float32Array; highest: Float32Array }> {
    const { program, bind } = await (this.#loaded ??= this.#load());
    const results = await this.#model.parameters.engine.run([{ program, bind, fetch: ["logs", "highest"] }], feeds);
    return { logs: results["logs"]!.data as Float32Array, highest: results["highest"]!.data as Float32Array };
  }

  async #load(): Promise<Loaded> {
    const { architecture, parameters } = this.#model;
    const outputs = new Trace("forward").run((scope) => {
      if (architecture.task === "conditional-generation") {
        const scores = targetLogits(scope, architecture).logSoftmax(); // [B · T, V]
        const labels = input("labels", "int32", [dimension("batch"), dimension("target")]).reshape([-1, 1]);
        return { logs: scores.gatherElements(labels.maximum(0), 1), highest: scores.max(1) };
      }
      const scores = chosenLogits(scope, architecture, PLACES).logSoftmax(); // [P, V]
      const tokens = input(TOKENS, "int32", [dimension("chosen"), dimension("asked")]); // [P, K]
      return { logs: scores.gatherElements(tokens, 1), highest: scores.max(1) };
    });
    const loaded = (await parameters.load((options) => lower("likelihood", outputs, options)))!;
    return { program: loaded.id, bind: loaded.bind };
  }
}

const int32 = ({ shape, data }: Pick<HostTensor, "shape"> & { readonly data: Int32Array }): HostTensor => {
  return { dtype: "int32", shape, data };
};

/** Rows, and which of the given ones each serves: those that are its beginning, or it itself. */
interface SharedRow {
  readonly ids: readonly number[];
  readonly members: readonly number[];
}

/** The fewest rows of which each given one is a beginning. Sorted, a row stands in front of those that go on from it. */
function sharedBeginnings(rows: readonly (readonly number[])[]): SharedRow[] {
  const order = [...rows.keys()].sort((a, b) => compareRows(rows[a]!, rows[b]!));
  const shared: { ids: readonly number[]; members: number[] }[] = [];
  for (const index of order.reverse()) {
    const [ids, last] = [rows[index]!, shared.at(-1)];
    if (last !== undefined && ids.every((id, i) => last.ids[i] === id)) last.members.push(index);
    else shared.push({ ids, members: [index] });
  }
  return shared;
}

function compareRows(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** Rows of like length together, as many as go through the model at once. */
function inParts<R>(rows: readonly R[], lengthOf: (row: R) => number): R[][] {
  const parts: R[][] = [];
  let longest = 0;
  for (const row of rows.toSorted((a, b) => lengthOf(b) - lengthOf(a))) {
    const part = parts.at(-1);
    if (part === undefined || (part.length + 1) * longest > AT_ONCE) {
      longest = Math.max(lengthOf(row), 1);
      parts.push([row]);
    } else part.push(row);
  }
  return parts;
}

function requireReadable({ longest, config, className, task }: Architecture, rows: readonly JudgedTokens[]): void {
  const vocabulary = config["vocabulary"] as number | undefined;
  for (const { ids, source = [], places } of rows) {
    const tooLong = [ids, source].find((tokens) => longest !== undefined && tokens.length > longest);
    if (tooLong !== undefined) {
      throw new InputError(`A row has ${tooLong.length} tokens; ${className} reads at most ${longest!}.`);
    }
    const unknown = [...ids, ...source].find((id) => vocabulary !== undefined && !(id >= 0 && id < vocabulary));
    if (unknown !== undefined) {
      throw new InputError(`A row has the token ${unknown}; ${className} has ${vocabulary!} tokens.`);
    }
    if (task === "causal-lm" && places.includes(0)) {
      throw new InputError("The first token of a row has nothing in front of it, so it has no probability.");
    }
  }
}
