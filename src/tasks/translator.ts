/** A translator: the Transformer, its tokenizer and its parameters in an engine, as one typed thing. */
import { openModel, writeModel } from "../checkpoints/index.ts";
import { translationBatch, padRows, type TextPair } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import type { Folder, ReadableFolder } from "../files/index.ts";
import { dimension, input, type Tensor } from "../graph/index.ts";
import {
  parseConfig,
  transformer,
  transformerConfig,
  transformerFromJson,
  transformerPresets,
  transformerToJson,
  type TransformerConfig,
  type TransformerPreset,
} from "../models/index.ts";
import { ModelParameters, Trace, type Parameter, type Scope } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { createEngine, type Engine, type EngineOptions } from "../runtime/index.ts";
import type { Tokenizer} from "../tokens/index.ts";
import { trainTranslationTokenizer, translationTokens } from "../tokens/index.ts";
import type { Objective } from "../training/index.ts";

const batch = dimension("batch");
const ids = (name: "source" | "target" | "labels"): Tensor =>
  input(name, "int32", [batch, dimension(name === "source" ? "source" : "target")]);

/** The translator's forward pass with its inputs `source` and `target`: logits [batch, target, vocabulary]. */
export function translatorForward(config: TransformerConfig): (scope: Scope) => Tensor {
  return (scope) => transformer(scope, config, { source: ids("source"), target: ids("target") });
}

/**
 * Cross-entropy with label smoothing (Vaswani et al. 2017, section 5.4), summed over the targets that are not padding,
 * beside sums for reports: the likelihood loss without smoothing (`nats`) and the right answers (`accuracy`).
 */
export function translatorObjective(config: TransformerConfig, labelSmoothing: number): Objective {
  return (scope) => {
    const logits = translatorForward(config)(scope);
    const rows = logits.reshape([-1, logits.fixed(-1)]);
    const labels = ids("labels").reshape([-1]);
    const loss = rows.crossEntropy(labels, { labelSmoothing }).sum();
    if (scope.trace.kind === "training") return { loss };
    const right = rows.argMax(-1).cast("int32").equal(labels).cast("float32").sum();
    return { loss, nats: rows.crossEntropy(labels).sum(), accuracy: right };
  };
}

/** How a translator is made. `preset` names a size; single values override it. */
export interface TranslatorOptions extends EngineOptions {
  readonly preset?: TransformerPreset | undefined;
  /** Encoder and decoder layers, both. */
  readonly layers?: number | undefined;
  readonly model?: Partial<TransformerConfig> | undefined;
  readonly vocabulary?: number | undefined;
  readonly minimumFrequency?: number | undefined;
  readonly width?: number | undefined;
  readonly heads?: number | undefined;
  readonly feedForward?: number | undefined;
  readonly seed?: number | undefined;
  /** A tokenizer made elsewhere; without it one is trained on the pairs. */
  readonly tokenizer?: Tokenizer | undefined;
}

export class Translator {
  readonly config: TransformerConfig;
  readonly tokenizer: Tokenizer;
  readonly engine: Engine;
  readonly parameters: ModelParameters;

  constructor(config: TransformerConfig, tokenizer: Tokenizer, parameters: ModelParameters) {
    this.config = config;
    this.tokenizer = tokenizer;
    this.parameters = parameters;
    this.engine = parameters.engine;
  }

  /** A fresh translator: a tokenizer learned from the pairs, and parameters drawn by the seed. */
  static async create(
    pairs: readonly Pick<TextPair, "source" | "target">[],
    options: TranslatorOptions = {},
  ): Promise<Translator> {
    const { vocabulary = 8000, minimumFrequency = 1, seed = 1 } = options;
    const tokenizer =
      options.tokenizer ??
      (await trainTranslationTokenizer(
        pairs.flatMap(({ source, target }) => [source, target]),
        { size: vocabulary, minimumFrequency },
      ));
    const config = translatorConfig(tokenizer, options);
    const engine = await createEngine(options);
    return new Translator(config, tokenizer, await ModelParameters.initialize(engine, parametersOf(config), seed));
  }

  /** A translator from a folder that `save` or a training run wrote. */
  static async open(folder: ReadableFolder, options: EngineOptions = {}): Promise<Translator> {
    const model = await openModel(folder);
    const config = transformerFromJson(model.config, folder.describe("config.json"));
    requireTokenizer(model.tokenizer, config, folder.describe("tokenizer.json"));
    const engine = await createEngine(options);
    try {
      const parameters = await ModelParameters.fromValues(engine, parametersOf(config), await model.weights());
      return new Translator(config, model.tokenizer, parameters);
    } catch (error) {
      await engine.dispose();
      throw error;
    }
  }

  /** Writes config.json, model.safetensors and tokenizer.json. */
  async save(folder: Folder, weights?: ReadonlyMap<string, HostTensor>): Promise<void> {
    await writeModel(folder, transformerToJson(this.config), weights ?? (await this.parameters.read()), this.tokenizer);
  }

  /** Token ids of source sentences as the `source` input, [rows, longest]. Throws InputError for one that is too long. */
  encode(sentences: readonly string[]): HostTensor {
    const rows = sentences.map((sentence, i) => {
      const row = this.tokenizer.ids(sentence);
      if (row.length > this.config.maxPositions) {
        throw new InputError(
          `Sentence ${i + 1} has ${row.length} tokens; this model takes at most ${this.config.maxPositions}. Split it: ` +
            `"${sentence.slice(0, 60)}…"`,
        );
      }
      return row;
    });
    const { data, shape } = padRows(rows, this.config.paddingId);
    return { dtype: "int32", shape, data };
  }

  /** Frees the engine and all that it holds. */
  async dispose(): Promise<void> {
    await this.engine.dispose();
  }
}

/** The feeds of a batch of token pairs: source, target shifted right, labels. */
export function pairFeeds(
  config: TransformerConfig,
  pairs: readonly { source: Int32Array; target: Int32Array }[],
): { feeds: Record<"source" | "target" | "labels", HostTensor>; targets: number } {
  const made = translationBatch(pairs, { pad: config.paddingId, start: config.startId });
  const host = ({ data, shape }: typeof made.source): HostTensor => ({ dtype: "int32", shape, data });
  return {
    feeds: { source: host(made.source), target: host(made.target), labels: host(made.labels) },
    targets: made.tokens,
  };
}

function parametersOf(config: TransformerConfig): Parameter[] {
  const trace = new Trace("forward");
  translatorForward(config)(trace.scope);
  return [...trace.parameters.values()];
}

function translatorConfig(tokenizer: Tokenizer, options: TranslatorOptions): TransformerConfig {
  const { preset = "tiny", layers, width, heads, feedForward } = options;
  const id = (token: string): number => tokenizer.tokenToId(token)!;
  const sizes = { encoderLayers: layers, decoderLayers: layers, width, heads, feedForward };
  const given = Object.fromEntries(Object.entries(sizes).filter(([, value]) => value !== undefined));
  const chosen = {
    normalization: "pre" as const,
    ...transformerPresets[preset],
    ...given,
    ...options.model,
    vocabulary: tokenizer.size,
    paddingId: id(translationTokens.pad),
    startId: id(translationTokens.start),
    endId: id(translationTokens.end),
  };
  return parseConfig(transformerConfig, chosen, "The translator's model config", Object.keys(chosen));
}

function requireTokenizer(tokenizer: Tokenizer, config: TransformerConfig, file: string): void {
  if (tokenizer.size === config.vocabulary) return;
  throw new InputError(
    `${file} has ${tokenizer.size} tokens, and the model was trained with ${config.vocabulary}. ` +
      `Use the tokenizer that the model was saved with.`,
  );
}
