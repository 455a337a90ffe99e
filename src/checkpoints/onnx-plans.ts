/**
 * What an exported model computes, file by file, under the names of Hugging Face's exports: those that Optimum writes
 * and Transformers.js reads. A plan is traced from the same model function as everything else.
 */
// B batch, S source tokens, H heads, K width of a head
import { InputError, nearest } from "../errors/index.ts";
import {
  concat,
  dimension,
  input,
  nodesOf,
  rewrite,
  rowRules,
  sameDimension,
  subtractDimensions,
  type RewriteRule,
  type Tensor,
} from "../graph/index.ts";
import { neededInputs, type Architecture } from "../models/index.ts";
import { Trace, type CacheEntry, type TraceKind, type TraceOptions } from "../nn/index.ts";
import { camelCase, snakeCase } from "./spelling.ts";

/** What an export needs to know of a model. */
export type Exportable = Pick<Architecture, "className" | "task" | "config" | "inputs" | "compute">;

/** One file: what it computes, by the names of its outputs. Its inputs are those that the outputs depend on. */
export interface ExportPlan {
  /** Without ".onnx". */
  readonly file: string;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** What is exported. */
export interface PlanOptions {
  /** Whether a model that generates has inputs and outputs for its cache. Default: true. */
  readonly cache?: boolean | undefined;
  /** Inner tensors that become outputs, too: `attentions.0`, `hidden_states.3`, or any record by its path. */
  readonly outputs?: readonly string[] | undefined;
}

/** Names of the files, without their ends. */
export const MODEL = "model";
export const ENCODER = "encoder_model";
export const DECODER = "decoder_model_merged";

/** The encoder's output, as families publish it, and as files call it. */
const ENCODED = "encoderLastHiddenState";

/** Names of sizes in the files. Transformers.js knows `batch_size`, and takes all others to be 0 in an empty cache. */
const axes = new Map([
  ["batch", dimension("batch_size")],
  ["time", dimension("sequence_length")],
  ["past", dimension("past_sequence_length")],
  ["target", dimension("decoder_sequence_length")],
  ["choices", dimension("num_choices")],
]);
const sourceAxes = new Map([...axes, ["time", dimension("encoder_sequence_length")]] as const);
const pastSource = dimension("past_encoder_sequence_length");

/**
 * The files of a model:
 * - one that generates by a decoder alone: `model`, with `past_key_values.<layer>.key` and `.value` [B, H, past, K] in
 *   and `present.…` out; a past of length 0 serves the first call;
 * - one that generates by an encoder and a decoder: `encoder_model` to `last_hidden_state`, and `decoder_model_merged`
 *   with `past_key_values.<layer>.decoder.key` and `.encoder.key`. What the decoder keeps of the encoder's output is
 *   computed where the past of the encoder is empty, and passed on where it is not;
 * - any other, or one without cache: `model`, from all inputs to all outputs.
 *
 * Throws InputError for an output that the model does not compute.
 */
export function exportPlans(model: Exportable, { cache = true, outputs = [] }: PlanOptions = {}): ExportPlan[] {
  if (cache && model.task === "conditional-generation") return encoderDecoder(model, outputs);
  const generates = cache && model.task === "causal-lm";
  return [(generates ? decoderPlan(model, outputs) : undefined) ?? forwardPlan(model, outputs)];
}

/**
 * What is read beside what must be: masks, segments where there are several, positions where a cache hides them, and the
 * decoder's mask where none is made for it.
 */
function inputsOf({ inputs, config, task }: Exportable, { cached }: { cached: boolean }): string[] {
  const segments = config["segments"];
  const writes = task === "conditional-generation" || task === "features";
  const asked = [
    ...["attentionMask", "boolMaskedPos", "mcTokenIds"],
    ...(typeof segments === "number" && segments > 1 ? ["tokenTypeIds"] : []),
    ...(cached ? ["positionIds"] : []),
    ...(writes ? ["decoderInputIds"] : []),
    ...(writes && !cached ? ["decoderAttentionMask"] : []),
  ];
  return [...new Set([...neededInputs({ inputs }), ...asked.filter((name) => inputs[name] !== undefined)])];
}

/** A tracing, with all tensors that it can give. */
function traced(model: Exportable, given: readonly string[], kind: TraceKind, options: TraceOptions) {
  const trace = new Trace(kind, options);
  const computed = trace.run((scope) => model.compute(scope, given));
  const outputs = Object.fromEntries(Object.entries(computed).filter(([name]) => name !== "loss"));
  return { trace, outputs, tensors: new Map([...trace.records, ...Object.entries(outputs)]) };
}

function forwardPlan(model: Exportable, asked: readonly string[]): ExportPlan {
  const given = inputsOf(model, { cached: false });
  // What comes out for the next segment and goes into it: Transformer-XL's memory.
  const { trace: first } = traced(model, given, "forward", { sizes: axes });
  const memories = [...first.records.keys()].filter((name) => model.inputs[name] !== undefined);
  const { trace, outputs, tensors } = traced(model, [...given, ...memories], "forward", { sizes: axes });
  const next = memories.map((name) => [`next_${snakeCase(name)}`, trace.records.get(name)!] as const);
  const named = { ...spelled(outputs), ...Object.fromEntries(next), ...chosen(model, tensors, asked) };
  return { file: MODEL, outputs: atBoundary(named, trace, new Map()) };
}

/** Undefined for a model that keeps no keys and values. */
function decoderPlan(model: Exportable, asked: readonly string[]): ExportPlan | undefined {
  const { trace, outputs, tensors } = traced(model, inputsOf(model, { cached: true }), "step", { sizes: axes });
  const grown = [...trace.cache.values()].filter(({ kind }) => kind === "append");
  if (grown.length === 0) return undefined;
  const names = cacheNames(grown, "");
  const named = { ...spelled(outputs), ...presents(grown, names), ...chosen(model, tensors, asked) };
  return { file: MODEL, outputs: atBoundary(named, trace, pasts(names)) };
}

function encoderDecoder(model: Exportable, asked: readonly string[]): ExportPlan[] {
  const given = inputsOf(model, { cached: true });
  const reading = traced(model, given, "forward", { sizes: sourceAxes });
  const encoded = reading.tensors.get(ENCODED);
  if (encoded === undefined) throw new InputError(`${model.className} publishes no ${ENCODED}, so it cannot be split.`);
  const ofSource = (name: string): boolean => {
    const tensor = reading.tensors.get(name) ?? reading.tensors.get(camelCase(name));
    return tensor !== undefined && !inputNames(tensor).has("decoderInputIds");
  };
  const source = chosen(model, reading.tensors, asked.filter(ofSource));
  const encoder = atBoundary({ last_hidden_state: encoded, ...source }, reading.trace, new Map());
  const others = asked.filter((name) => !ofSource(name));
  return [{ file: ENCODER, outputs: encoder }, decoderOfPair(model, given, encoded, others)];
}

function decoderOfPair(model: Exportable, given: string[], encoded: Tensor, asked: readonly string[]): ExportPlan {
  // Of the encoder's output, what the cache does not hold yet: all of it at first, nothing afterwards.
  const rest = subtractDimensions(encoded.dim(1), pastSource);
  const hidden = (): Tensor => input("encoder_hidden_states", "float32", encoded.shape).slice(1, 0, rest);
  const kept = new Set<string>();
  const once = (name: string, value: Tensor): Tensor => {
    const shape = value.shape.map((d) => (sameDimension(d, rest) ? pastSource : d));
    // The mask is made anew each time.
    if (!shape.includes(pastSource)) return value;
    kept.add(name);
    return concat([input(`once.${name}`, "float32", shape), value], shape.indexOf(pastSource));
  };
  const instead = new Map([[ENCODED, hidden]]);
  const { trace, outputs, tensors } = traced(model, given, "step", { sizes: sourceAxes, instead, once });
  const entries = [...trace.cache.values()];
  const own = entries.filter(({ kind }) => kind === "append");
  const cross = entries.filter(({ name }) => kept.has(name));
  const names = new Map([...cacheNames(own, "decoder."), ...cacheNames(cross, "encoder.")]);
  const ports = new Map([
    ...pasts(names),
    ["decoderInputIds", "input_ids"],
    ["attentionMask", "encoder_attention_mask"],
  ] as const);
  const named = { ...spelled(outputs), ...presents([...own, ...cross], names), ...chosen(model, tensors, asked) };
  return { file: DECODER, outputs: atBoundary(named, trace, ports) };
}

/** Cache entries by path to `<layer>.<side>key`, in the order of the layers. */
function cacheNames(entries: readonly CacheEntry[], side: string): Map<string, string> {
  const layers = new Map<string, number>();
  return new Map(
    entries.map(({ name }) => {
      const end = name.lastIndexOf(".");
      const layer = layers.get(name.slice(0, end)) ?? layers.size;
      layers.set(name.slice(0, end), layer);
      return [name, `${layer}.${side}${name.slice(end + 1)}`];
    }),
  );
}

const pasts = (names: ReadonlyMap<string, string>): Map<string, string> =>
  new Map(
    [...names].flatMap(([path, name]) => {
      const port = `past_key_values.${name}`;
      return [
        [`past.${path}`, port],
        [`once.${path}`, port],
      ] as const;
    }),
  );

const presents = (entries: readonly CacheEntry[], names: ReadonlyMap<string, string>): Record<string, Tensor> =>
  Object.fromEntries(entries.map(({ name, tensor }) => [`present.${names.get(name)!}`, tensor]));

const spelled = (outputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [snakeCase(name), tensor]));

/** Inner tensors by the names that were asked for, which may be spelled as in files. */
function chosen(
  { className }: Exportable,
  tensors: ReadonlyMap<string, Tensor>,
  asked: readonly string[],
): Record<string, Tensor> {
  const known = new Map([...tensors].flatMap(([name, tensor]) => [[name, tensor] as const, [snakeCase(name), tensor]]));
  const entries = asked.map((name) => {
    const tensor = known.get(name);
    if (tensor !== undefined)
      return [tensors.has(name) && /^[a-zA-Z]+\.\d+$/.test(name) ? snakeCase(name) : name, tensor];
    const near = nearest(name, [...known.keys()]);
    const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
    throw new InputError(`${className} computes nothing named "${name}".${hint}`);
  });
  return Object.fromEntries(entries) as Record<string, Tensor>;
}

function inputNames(tensor: Tensor): Set<string> {
  const inputs = nodesOf([tensor]).filter(({ op }) => op.name === "input");
  return new Set(inputs.map(({ attributes }) => (attributes as { name: string }).name));
}

/** The same outputs from inputs with the names of files, whole numbers as int64. */
function atBoundary(
  outputs: Readonly<Record<string, Tensor>>,
  trace: Trace,
  names: ReadonlyMap<string, string>,
): Record<string, Tensor> {
  const boundary: RewriteRule = {
    name: "boundary",
    apply: ({ op, attributes, outputs: [made] }) => {
      if (op.name !== "input") return undefined;
      const { name } = attributes as { readonly name: string };
      if (trace.parameters.has(name)) return undefined;
      const { dtype, shape } = made!;
      const outer = input(names.get(name) ?? snakeCase(name), dtype === "int32" ? "int64" : dtype, shape);
      return [outer.cast(dtype)];
    },
  };
  const ports = Object.keys(outputs);
  const computed = rewrite(Object.values(outputs), [boundary, ...rowRules]);
  return Object.fromEntries(computed.map((tensor, i) => [ports[i]!, tensor]));
}
