/** The steps through a model: each is computed from those before it by the formula that its name says. */
import { readdirSync, readFileSync, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { diskFolder } from "heed";
import { openSubject, read, type Subject } from "heed/inspect";
import { flowSteps, flowTensors, type FlowStep } from "heed/insight";
import type { HostTensor } from "heed/onnx";
import { describe, expect, it } from "vitest";

const families = fileURLToPath(new URL("../families/", import.meta.url));
const folderOf = (name: string): ReturnType<typeof diskFolder> => diskFolder(`${families}${name}`);

interface Flow {
  readonly steps: FlowStep[];
  readonly of: (name: string) => HostTensor;
}

async function flowOf(name: string): Promise<Flow> {
  const subject: Subject = await openSubject(folderOf(name), { threads: 1 });
  try {
    const { feeds } = await read(subject, { text: "", ids: [4, 9, 5, 7, 6] });
    const steps = flowSteps(subject.architecture, Object.keys(feeds));
    const tensors = await subject.model.derive("flow", feeds, flowTensors);
    return { steps, of: (step) => tensors.get(step)! };
  } finally {
    await subject.dispose();
  }
}

const near = (a: HostTensor, b: ArrayLike<number>): void => {
  expect(a.data.length).toBe(b.length);
  for (let i = 0; i < b.length; i++) expect(Number(a.data[i])).toBeCloseTo(b[i]!, 4);
};

describe("every family", () => {
  const names = readdirSync(families).filter((name) => existsSync(`${families}${name}/config.json`));
  // One of each architecture is enough.
  const one = new Map(
    names.map((name) => {
      const { architectures = [], model_type } = JSON.parse(readFileSync(`${families}${name}/config.json`, "utf8")) as {
        architectures?: string[];
        model_type: string;
      };
      return [`${model_type} ${architectures[0] ?? ""}`, name];
    }),
  );
  it.each(
    [...one.values()].filter((name) =>
      /-(causal-lm|masked-lm|model|conditional-generation|image-classification)$/.test(name),
    ),
  )("%s: names are unique and computed, layers rise, and each layer has attention", async (name) => {
    const { steps, of } = await flowOf(name);
    expect(new Set(steps.map((step) => step.name)).size).toBe(steps.length);
    for (const step of steps) {
      expect(of(step.name).data.length, step.name).toBeGreaterThan(0);
      expect(of(step.name).shape.length === 4, step.name).toBe(step.heads);
    }
    for (const side of new Set(steps.map((step) => step.side))) {
      const layers = steps.filter((step) => step.section === "layer" && step.side === side).map(({ layer }) => layer);
      if (steps.every((step) => !/cross/.test(step.name))) expect(layers).toEqual([...layers].sort((a, b) => a - b));
    }
    const weights = steps.filter(({ role }) => role === "weights");
    expect(weights.length).toBeGreaterThan(0);
    expect(weights.every(({ section }) => section === "layer")).toBe(true);
    expect(steps[0]!.section).toBe("start");
  });
});

describe("the steps of GPT-2, by hand", () => {
  it("scores are queries times keys, scaled by the root of their width, masked, and weights their softmax", async () => {
    const { steps, of } = await flowOf("gpt2-causal-lm");
    const layer = steps.filter((step) => step.section === "layer" && step.layer === 1);
    const named = (role: string): HostTensor => of(layer.find((step) => step.role === role)!.name);
    const [queries, keys, values] = [named("queries"), named("keys"), named("values")];
    const [, heads, rows, width] = queries.shape as [number, number, number, number];
    const scores: number[] = [];
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < rows; j++) {
          let sum = 0;
          for (let k = 0; k < width; k++)
            sum += Number(queries.data[(h * rows + i) * width + k]) * Number(keys.data[(h * rows + j) * width + k]);
          scores.push(sum);
        }
    near(named("scores"), scores);
    const scaled = scores.map((value) => value / Math.sqrt(width));
    near(named("scaled"), scaled);
    const weights = scaled.map((value, at) => {
      const [row, column] = [Math.floor(at / rows) % rows, at % rows];
      if (column > row) return 0;
      const first = at - column;
      const sum = scaled.slice(first, first + row + 1).reduce((total, one) => total + Math.exp(one), 0);
      return Math.exp(value) / sum;
    });
    near(named("weights"), weights);
    const contexts = Array.from({ length: heads * rows * width }, (_, at) => {
      const [h, i, k] = [Math.floor(at / (rows * width)), Math.floor(at / width) % rows, at % width];
      let sum = 0;
      for (let j = 0; j < rows; j++)
        sum += weights[(h * rows + i) * rows + j]! * Number(values.data[(h * rows + j) * width + k]);
      return sum;
    });
    near(named("contexts"), contexts);
  });

  it("residuals add what a sublayer made to what came in; the last hidden state is behind the final norm", async () => {
    const { steps, of } = await flowOf("gpt2-causal-lm");
    const layer = steps.filter((step) => step.section === "layer" && step.layer === 0);
    expect(layer.map(({ role }) => role)).toEqual(
      "norm queries keys scores scaled masked weights values contexts projection residual norm widen activation narrow residual".split(
        " ",
      ),
    );
    const [after, made, before] = [layer[10]!, layer[9]!, "hiddenStates.0"];
    const sum = Array.from(of(made.name).data as Float32Array, (value, i) => value + Number(of(before).data[i]));
    near(of(after.name), sum);
    expect(layer.at(-1)!.name).toBe("hiddenStates.1");
    expect(steps.slice(-2).map(({ name, role, section }) => `${section} ${role} ${name}`)).toEqual([
      "end norm hiddenStates.2",
      "end output logits",
    ]);
  });
});

describe("an encoder with a decoder", () => {
  it("has the source's steps first, and cross-attention from what is written to the source", async () => {
    const { steps } = await flowOf("t5-conditional-generation");
    const sides = steps.map(({ side }) => side);
    expect(sides.lastIndexOf("source")).toBeGreaterThan(sides.indexOf("target"));
    const cross = steps.filter(({ name }) => name.startsWith("crossAttentions."));
    expect(cross.map(({ side, columns, layer }) => [side, columns, layer])).toEqual([
      ["target", "source", 0],
      ["target", "source", 1],
    ]);
    const encoder = steps.filter(({ name }) => name.startsWith("encoder"));
    expect(new Set(encoder.map(({ side }) => side))).toEqual(new Set(["source"]));
  });
});
