/**
 * A policy and the frozen reference that it began as, in one resident of one engine: what is sampled from either, and what
 * both make of an answer, token by token. The policy may be trained meanwhile.
 */
import type { Said } from "../data/index.ts";
import { writeSettings } from "../checkpoints/index.ts";
import { CachedModel, generate, type ModelFunction } from "../generation/index.ts";
import { answerFeeds, answerMeasures, paddedRows, REFERENCE, type AnsweredRow } from "../objectives/index.ts";
import type { Folder } from "../files/index.ts";
import { initialValues, ModelParameters, Trace, type LoadedProgram } from "../nn/index.ts";
import { lower, type HostTensor } from "../onnx/index.ts";
import { random } from "../random/index.ts";
import { createEngine, type EngineOptions } from "../runtime/index.ts";
import { fitted, promptIds, type Answered } from "../tasks/answers.ts";
import { generationInputs, modelGenerationOptions } from "../tasks/generation.ts";
import { Model } from "../tasks/model.ts";
import { TextModel } from "../tasks/text-model.ts";
import type { Tokenizer } from "../tokens/index.ts";
import type { SourcedModel } from "./model-source.ts";

const GENERATION = "generation_config.json";
/** Rows that are sampled at once. */
const SAMPLED = 64;

/** An answer that was sampled. */
export interface Sampled extends Answered {
  readonly prompt: Said;
  readonly answer: string;
  readonly finished: boolean;
  /** Of each token, as it was drawn. */
  readonly logProbabilities: Float32Array;
  /** The ids of both, an end token included. */
  readonly row: AnsweredRow;
}

/** How answers are sampled. */
export interface SampleOptions {
  readonly seed: number;
  /** The most tokens of an answer, its end token included. */
  readonly maxTokens: number;
  /** Answers to each prompt. Default: 1. */
  readonly sequences?: number | undefined;
}

const MEASURES = ["logProbabilities", "reference", "values", "entropy", "divergence"] as const;
/** What `answerMeasures` says of the tokens of one answer. */
export type Measures = Readonly<Record<(typeof MEASURES)[number], Float32Array>>;

/** What goes into a pair beside the policy. */
export interface PairOptions {
  readonly engine: EngineOptions;
  readonly seed: number;
  /** Of a program's input, padding included. */
  readonly batchTokens: number;
  /** The reference's values, by the names of the policy's parameters. */
  readonly reference: ReadonlyMap<string, HostTensor>;
  /** The value head's values, by their own names. Default: fresh ones. */
  readonly valueHead?: ReadonlyMap<string, HostTensor> | undefined;
}

export class PolicyPair {
  readonly parameters: ModelParameters;
  /** The policy. */
  readonly text: TextModel;
  readonly #measuring: LoadedProgram;
  readonly #batchTokens: number;
  readonly #cached: Readonly<Record<"policy" | "reference", CachedModel>>;

  private constructor(text: TextModel, measuring: LoadedProgram, batchTokens: number) {
    this.text = text;
    this.parameters = text.model.parameters;
    this.#measuring = measuring;
    this.#batchTokens = batchTokens;
    const { architecture } = text.model;
    const given = generationInputs(architecture);
    const policy: ModelFunction = (scope) => architecture.compute(scope, given)["logits"]!;
    this.#cached = {
      policy: new CachedModel(this.parameters, policy, { live: true }),
      reference: new CachedModel(this.parameters, (scope) => policy(scope.at(REFERENCE)), { live: true }),
    };
  }

  /** Takes over a policy as it is; its own engine is freed. Throws GraphError for what does not write word by word. */
  static async create({ model, tokenizer }: SourcedModel, options: PairOptions): Promise<PolicyPair> {
    const { architecture, checkpoint } = model;
    const values = new Map(await model.parameters.read());
    await model.dispose();
    const trace = new Trace("forward");
    const outputs = trace.run(answerMeasures(architecture));
    const specs = [...trace.parameters.values()];
    for (const [name, value] of options.reference) values.set(`${REFERENCE}.${name}`, value);
    for (const spec of specs) {
      const { name, shape } = spec;
      if (values.has(name)) continue;
      const data = initialValues(spec, random(options.seed, "parameters", name));
      values.set(name, options.valueHead?.get(name) ?? { dtype: "float32", shape, data });
    }
    const engine = await createEngine({ purpose: "generation", ...options.engine });
    try {
      const parameters = await ModelParameters.fromValues(engine, specs, values);
      const text = new TextModel(new Model(architecture, parameters, checkpoint), tokenizer);
      const measuring = await parameters.load((how) => lower("measures of answers", outputs, how));
      return new PolicyPair(text, measuring!, options.batchTokens);
    } catch (error) {
      await engine.dispose();
      throw error;
    }
  }

  get tokenizer(): Tokenizer {
    return this.text.tokenizer;
  }

  /**
   * Samples answers to prompts at temperature 1 from all tokens, so that they are draws from the model itself. A draw
   * depends on the seed and the prompt's place alone. A prompt that leaves no room for an answer loses its beginning.
   */
  async sample(from: "policy" | "reference", prompts: readonly Said[], options: SampleOptions): Promise<Sampled[][]> {
    const { seed, maxTokens, sequences = 1 } = options;
    const { model, tokenizer } = this.text;
    const { longest } = model.architecture;
    const room = longest === undefined ? undefined : Math.max(longest - maxTokens, 1);
    const ids = prompts.map((prompt) => {
      const all = promptIds(tokenizer, prompt);
      return all.slice(Math.max(0, all.length - (room ?? all.length)));
    });
    const eosTokenId = modelGenerationOptions(model).eosTokenId ?? tokenizer.special.eos?.id;
    const found: Sampled[][] = [];
    const many = Math.max(1, Math.floor(SAMPLED / sequences));
    for (let start = 0; start < ids.length; start += many) {
      const some = ids.slice(start, start + many);
      const generated = await generate(this.#cached[from], paddedRows(model.architecture, some, "left"), {
        ...{ doSample: true, topK: 0, seed, places: some.map((_, i) => start + i), numReturnSequences: sequences },
        ...{ maxNewTokens: maxTokens, maxPositions: longest, eosTokenId },
      });
      for (const [i, row] of generated.entries()) {
        found.push(
          row.map(({ ids: written, endId, finished, logProbabilities }) => {
            const answer = [...written, ...(endId === undefined ? [] : [endId])];
            const text = tokenizer.decode(written);
            const from = { prompt: prompts[start + i]!, answer: text, finished, logProbabilities };
            return { ...from, row: { prompt: some[i]!, answer } };
          }),
        );
      }
    }
    return found;
  }

  /** What policy and reference make of the tokens of each answer. */
  async measure(rows: readonly AnsweredRow[]): Promise<Measures[]> {
    const { architecture } = this.text.model;
    const { id, bind } = this.#measuring;
    const found: Measures[] = [];
    for (const some of byTokens(rows, this.#batchTokens)) {
      const part = some.map((i) => rows[i]!);
      const feeds = answerFeeds(architecture, part);
      const results = await this.parameters.engine.run([{ program: id, bind, fetch: MEASURES }], feeds);
      let start = 0;
      for (const { answer } of part) {
        const end = start + answer.length;
        const of = (name: keyof Measures): Float32Array => (results[name]!.data as Float32Array).slice(start, end);
        found.push({
          ...{ logProbabilities: of("logProbabilities"), reference: of("reference"), values: of("values") },
          ...{ entropy: of("entropy"), divergence: of("divergence") },
        });
        start = end;
      }
    }
    return found;
  }

  /** Text as rows that `measure` takes: every token but the first is an answer to those before it. */
  rowsOfText(texts: readonly string[]): AnsweredRow[] {
    const { longest } = this.text.model.architecture;
    return texts.flatMap((text) => {
      const [first, ...rest] = promptIds(this.tokenizer, text);
      if (rest.length === 0) return [];
      return [fitted([first!], rest, longest)];
    });
  }

  async dispose(): Promise<void> {
    await this.#cached.policy.dispose();
    await this.#cached.reference.dispose();
    await this.text.dispose();
  }
}

/**
 * Writes the folder of a policy. Where its settings do not name the token that ends an answer, they do so from now on:
 * whoever generates with the folder stops where the policy learned to.
 */
export async function savePolicy(
  text: TextModel,
  folder: Folder,
  weights: ReadonlyMap<string, HostTensor>,
): Promise<void> {
  await text.save(folder, weights);
  const end = text.tokenizer.special.eos?.id;
  if (end === undefined || modelGenerationOptions(text.model).eosTokenId !== undefined) return;
  const settings = text.model.checkpoint?.beside.get(GENERATION);
  await writeSettings(folder, GENERATION, { ...settings?.values, eos_token_id: end }, settings);
}

/** The numbers of rows in batches of at most so many tokens, padding included, in their order. */
export function byTokens(rows: readonly AnsweredRow[], most: number): number[][] {
  const batches: number[][] = [];
  let longest = 0;
  for (const [i, { prompt, answer }] of rows.entries()) {
    longest = Math.max(longest, prompt.length + answer.length);
    const last = batches.at(-1);
    if (last !== undefined && (last.length + 1) * longest <= most) last.push(i);
    else {
      batches.push([i]);
      longest = prompt.length + answer.length;
    }
  }
  return batches;
}
