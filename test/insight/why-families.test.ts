/** What holds whatever the numbers are: of every checkpoint of test/families whose head scores something. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import {
  ablate,
  ablationPlaces,
  attentionRollout,
  logitAttribution,
  logitLens,
  patch,
  salience,
  settle,
  type Ablation,
} from "../../src/insight/index.ts";
import { read, readingInput, openSubject, type Subject } from "../../src/inspect/index.ts";
import type { Tensor } from "../../src/graph/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import type { Values } from "../../src/runtime/index.ts";

const ROOT = "test/families";
const folders = readdirSync(ROOT, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);
/** One of each body, and one of each kind of head. */
const scoring = folders.filter(
  (name) =>
    /^(?!clip|dnabert|ctrl)[a-z0-9]+(-gpt|-xl)?-(masked-lm|causal-lm|conditional-generation|image-classification)$/.test(
      name,
    ) ||
    /^bert-(pretraining|question-answering|multiple-choice|token-classification)$/.test(name) ||
    /^electra-pretraining$|^(bart|gpt2|t5|transfo-xl)-sequence-classification$|^clip-image|^transfo-xl.*pre-norm$/.test(
      name,
    ),
);
const here = { worker: false, threads: 1, engine: "onnxruntime" } as const;

async function opened(name: string, work: (subject: Subject, inputs: Values) => Promise<void>): Promise<void> {
  const subject = await openSubject(diskFolder(`${ROOT}/${name}`), here);
  try {
    const { feeds } = await read(subject, readingInput.parse({ ids: [5, 9, 13, 7, 21, 11] }));
    await work(subject, feeds);
  } finally {
    await subject.dispose();
  }
}

const total = (values: Iterable<number>): number => [...values].reduce((sum, value) => sum + value, 0);

/** The same reading with other tokens, or other pixels. */
function corrupted(inputs: Values): Values {
  const changed = (name: string, tensor: HostTensor): HostTensor => {
    if (name === "inputIds") {
      const data = Int32Array.from(tensor.data as Int32Array);
      [data[1], data[2]] = [17, 8];
      return { ...tensor, data };
    }
    return name === "pixelValues"
      ? { ...tensor, data: (tensor.data as Float32Array).map((value, i) => value * Math.cos(i)) }
      : tensor;
  };
  return Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, changed(name, tensor)]));
}

describe("why an answer", () => {
  it.each(scoring)("%s", async (name) => {
    await opened(name, async ({ model }, inputs) => {
      const answered = await settle(model, inputs, { position: -2 });
      const logit = answered.scores[answered.index]!;

      // A published state that is replaced is what layers then read.
      for (const state of ["hiddenStates.0", "hiddenStates.1", "encoderHiddenStates.1", "decoderHiddenStates.0"]) {
        if (!model.outputNames(Object.keys(inputs)).includes(state)) continue;
        const instead = new Map([[state, (x: Tensor) => x.sin()]]);
        const { output } = answered;
        const scores = async (options: object): Promise<ArrayLike<number>> => {
          const name = `instead ${state} ${JSON.stringify(Object.keys(options))}`;
          const found = await model.derive(
            name,
            inputs,
            ({ outputs }) => new Map([[output, outputs.get(output)!]]),
            options,
          );
          return found.get(output)!.data as Float32Array;
        };
        expect(await scores({ instead })).not.toEqual(await scores({}));
      }

      // The last layer of the lens is the model itself.
      const lens = await logitLens(model, inputs, { keep: 3, follow: answered.index });
      const place = (lens.layers - 1) * lens.positions + answered.position;
      expect(lens.followedLogits[place]).toBeCloseTo(logit, 4);
      const above = answered.scores.filter((score) => score > logit).length;
      expect(lens.ranks[place]).toBe(above);

      // Shares and biases add up to the logit.
      if (!name.startsWith("transfo-xl-causal")) {
        const { embeddings, sublayers, remainder } = await logitAttribution(model, inputs, answered);
        expect(embeddings.share + total(sublayers.map(({ share }) => share)) + remainder).toBeCloseTo(logit, 3);
        expect(sublayers.length).toBeGreaterThan(1);
      }

      // Integrated gradients add up to the difference to the baseline, about so in a few steps.
      const { sides, score, baseline } = await salience(model, inputs, answered, {
        method: "integrated-gradients",
        steps: 24,
      });
      const sum = total(sides.flatMap(({ values }) => [...values]));
      expect(score).toBeCloseTo(logit, 4);
      if (!name.startsWith("transfo-xl")) {
        expect(Math.abs(sum - (score - baseline!))).toBeLessThan(0.3 * Math.max(1, Math.abs(score - baseline!)));
      }

      // Nothing taken out changes nothing; each part that is taken out changes the scores it can reach.
      const places = ablationPlaces(model, inputs);
      const heads = places.groups.flatMap(({ group, layers, heads }) =>
        Array.from({ length: layers * heads }, (_, i): Ablation => {
          return { kind: "head", group, layer: Math.floor(i / heads), head: i % heads };
        }),
      );
      const parts = places.streams.flatMap(({ stream, layers, parts }) =>
        Array.from({ length: layers }, (_, layer) => [
          { kind: "layer", stream, layer } as const,
          ...parts.map((part): Ablation => ({ kind: "sublayer", stream, layer, part })),
        ]).flat(),
      );
      const none: Ablation = { kind: "position", stream: places.streams[0]!.stream, position: 1000 };
      const [same, ...effects] = await ablate(model, inputs, answered, [none, ...heads, ...parts]);
      expect(same!.logit).toBeCloseTo(logit, 4);
      expect(same!.divergence).toBeLessThan(1e-5);
      expect(effects.filter(({ divergence }) => divergence < 0)).toEqual([]);
      if (answered.scores.length > 1) expect(effects.some(({ divergence }) => divergence > 1e-6)).toBe(true);

      // A reading patched into itself stays what it is; patched everywhere it is the clean one.
      const streams = places.streams.map(({ stream }) => stream);
      const readings = { clean: inputs, corrupted: corrupted(inputs) };
      const one = await patch(model, readings, answered, [
        { kind: "state", stream: streams[0]!, layer: 0 },
        { kind: "state", stream: streams.at(-1)!, layer: lens.layers - 1 },
      ]);
      expect(one.patched.at(-1)!.restored).toBeCloseTo(1, 3);
      if (streams.length === 1) expect(one.patched[0]!.restored).toBeCloseTo(1, 3);
      const own = { clean: readings.corrupted, corrupted: readings.corrupted };
      await expect(patch(model, own, await settle(model, own.clean), [])).rejects.toThrow("no difference");

      for (const { group } of places.groups) {
        const { mixes, own: kept } = await attentionRollout(model, inputs, group);
        const [layers, rows, columns] = mixes.shape as [number, number, number];
        const sum = (tensor: HostTensor, row: number): number => {
          const width = tensor.shape[2]!;
          return total((tensor.data as Float32Array).subarray(row * width, (row + 1) * width));
        };
        expect(columns).toBeGreaterThan(1);
        for (let row = 0; row < layers * rows; row++) {
          expect(sum(mixes, row) + (kept === undefined ? 0 : sum(kept, row))).toBeCloseTo(1, 4);
        }
      }
    });
  });

  it.each([
    "gpt2-causal-lm",
    "bert-masked-lm",
    "llama-causal-lm",
    "marian-conditional-generation",
    "vit-image-classification",
  ])("integrated gradients of %s are complete in the limit", async (name) => {
    await opened(name, async ({ model }, inputs) => {
      const answered = await settle(model, inputs, { index: 3 });
      const missing = async (steps: number): Promise<number> => {
        const found = await salience(model, inputs, answered, { method: "integrated-gradients", steps });
        return Math.abs(total(found.sides.flatMap(({ values }) => [...values])) - (found.score - found.baseline!));
      };
      const [few, many] = [await missing(3), await missing(192)];
      expect(many).toBeLessThan(Math.max(1e-3, 0.1 * few));
    });
  });

  it.each(folders.filter((name) => /-model$|masked-image/.test(name)).slice(0, 3))(
    "says that %s has no answer",
    async (name) => {
      await opened(name, async ({ model }, inputs) => {
        await expect(settle(model, inputs)).rejects.toThrow("no answer to ask about");
      });
    },
  );
});
