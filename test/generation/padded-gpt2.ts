/** A GPT-2 that reads a mask and positions, as models of the families do, and the golden that transformers made of one. */
import { openSafetensors } from "../../src/checkpoints/safetensors.ts";
import { diskFolder } from "../../src/files/disk.ts";
import type { GenerationJson, ModelFunction } from "../../src/generation/index.ts";
import { addDimensions, constant, dimension, input, type Tensor } from "../../src/graph/index.ts";
import {
  activations,
  attend,
  causalMask,
  embeddingTable,
  joinHeads,
  layerNorm,
  linear,
  splitHeads,
  type Scope,
} from "../../src/nn/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";

const [WIDTH, LAYERS, HEADS, POSITIONS] = [16, 2, 2, 24];
const initial = { kind: "normal", deviation: 0.02 } as const;

/** A tiny GPT-2. Without `positions` it counts positions from the past alone. */
export const paddedGpt2 =
  (vocabulary: number, { positions = true } = {}): ModelFunction =>
  (scope) => {
    const [batch, time] = [dimension("batch"), dimension("time")];
    const ids = input("inputIds", "int32", [batch, time]);
    const mask = input("attentionMask", "int32", [batch, addDimensions(scope.past, time)]);
    const hidden = mask.equal(0).where(-1e30, constant([0], []));
    const model = scope.at("transformer");
    const tokens = embeddingTable(model.at("wte"), vocabulary, WIDTH, initial);
    const places = embeddingTable(model.at("wpe"), POSITIONS, WIDTH, initial);
    const at = positions
      ? places.gather(input("positionIds", "int32", [batch, time]))
      : places.slice(0, scope.past, addDimensions(scope.past, time));
    let x = tokens.gather(ids).add(at);
    const seen = causalMask(ids.dim(1), scope.past).add(hidden.reshape([hidden.dim(0), 1, 1, hidden.dim(1)]));
    for (let i = 0; i < LAYERS; i++) {
      const layer = model.at("h", i);
      x = x.add(selfAttention(layer.at("attn"), layerNorm(layer.at("ln_1"), x, 1e-5), seen));
      const mlp = layer.at("mlp");
      const inner = linear(mlp.at("c_fc"), layerNorm(layer.at("ln_2"), x, 1e-5), 4 * WIDTH, {
        layout: "in-out",
        initial,
      });
      x = x.add(linear(mlp.at("c_proj"), activations.gelu_tanh(inner), WIDTH, { layout: "in-out", initial }));
    }
    return layerNorm(model.at("ln_f"), x, 1e-5).linear(tokens);
  };

function selfAttention(scope: Scope, x: Tensor, mask: Tensor): Tensor {
  const joined = linear(scope.at("c_attn"), x, 3 * WIDTH, { layout: "in-out", initial });
  const [query, key, value] = joined.split(-1, [WIDTH, WIDTH, WIDTH]).map((part) => splitHeads(part, HEADS));
  const [keys, values] = [scope.append("key", key!), scope.append("value", value!)];
  const context = joinHeads(attend(scope, query!, keys, values, { mask }));
  return linear(scope.at("c_proj"), context, WIDTH, { layout: "in-out", initial });
}

export interface Gpt2Run {
  readonly options: GenerationJson & { readonly prefix?: number };
  /** Prompts included. */
  readonly ids: readonly (readonly number[])[];
  readonly scores: readonly number[] | null;
}

export interface Gpt2Golden {
  readonly values: ReadonlyMap<string, HostTensor>;
  readonly prompts: HostTensor;
  readonly short: HostTensor;
  readonly tokenizer: unknown;
  readonly settings: {
    readonly pad: number;
    readonly end: number;
    readonly length: number;
    readonly vocabulary: number;
  };
  readonly runs: Readonly<Record<string, Gpt2Run>>;
  readonly shortRuns: Readonly<Record<string, Gpt2Run>>;
  readonly processed: {
    readonly scores: readonly (readonly number[])[];
    readonly history: readonly (readonly number[])[];
    readonly encoder: readonly (readonly number[])[];
    readonly after: Readonly<Record<string, readonly (readonly (number | null)[])[]>>;
  };
}

/** Made by tools/goldens/generation_gpt2.py. */
export async function gpt2Golden(): Promise<Gpt2Golden> {
  const file = await openSafetensors(diskFolder("test/generation/golden"), "gpt2.safetensors");
  const values = new Map<string, HostTensor>();
  for (const name of file.names) {
    const { dtype, shape, data } = await file.tensor(name);
    if (dtype !== "F32" && dtype !== "I32") throw new Error(`${name} is ${dtype}`);
    values.set(name, { dtype: dtype === "F32" ? "float32" : "int32", shape, data });
  }
  const [prompts, short] = [values.get("prompts")!, values.get("short")!];
  values.delete("prompts");
  values.delete("short");
  const parse = (key: string): unknown => JSON.parse(file.metadata[key]!);
  return {
    values,
    prompts,
    short,
    tokenizer: parse("tokenizer"),
    settings: parse("settings") as Gpt2Golden["settings"],
    runs: parse("runs") as Gpt2Golden["runs"],
    shortRuns: parse("short_runs") as Gpt2Golden["shortRuns"],
    processed: parse("processed") as Gpt2Golden["processed"],
  };
}
