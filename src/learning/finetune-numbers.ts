/** Fine-tuning for a number for each text. */
import { InputError } from "../errors/index.ts";
import { regressionStatistics } from "../evaluation/index.ts";
import { rowNumbers } from "../objectives/index.ts";
import type { TextModel } from "../tasks/text-model.ts";
import { classification, encodedRows, labelConfig, predictedClasses, type LabeledText } from "./finetune-classes.ts";
import { cutLine, lengthsLine, type FinetuneTask, type PreparedTask, type TaskOptions } from "./finetune-task.ts";

/** A number for each text. */
export const regression: FinetuneTask<LabeledText> = {
  ...classification,
  goal: () => ({ score: "Pearson correlation", better: "higher" }),
  config: () => ({ ...labelConfig(["LABEL_0"]), problem_type: "regression" }),
  prepare: prepareNumbers,
  check: (_, rows) => void rows.map(numberOf),
  judge: async (model, rows, options) => {
    const expected = rows.map(numberOf);
    const found = (await predictedClasses(model, rows, options)).map(([best]) => best!.score);
    return regressionStatistics(expected, found);
  },
};

function prepareNumbers(model: TextModel, rows: readonly LabeledText[], config: TaskOptions): PreparedTask {
  const values = rows.map(numberOf);
  const { lengths, cut, batch } = encodedRows(
    model,
    rows.map(({ input }) => input),
    config,
  );
  const [least, most] = values.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [Infinity, -Infinity]);
  return {
    lengths,
    objective: rowNumbers(model.model.architecture, Object.keys(batch([0]))),
    batch: (examples) => {
      const data = Float32Array.from(examples, (index) => values[index]!);
      const feeds = { ...batch(examples), labels: { dtype: "float32" as const, shape: [data.length], data } };
      return { feeds, targets: examples.length };
    },
    summary: [
      `${values.length} rows, labels from ${least} to ${most}`,
      lengthsLine(lengths),
      ...cutLine(cut, rows.length, "texts"),
    ],
  };
}

function numberOf({ labels: [label = ""], place }: LabeledText): number {
  const value = Number(label);
  if (label.trim() !== "" && Number.isFinite(value)) return value;
  throw new InputError(`${place}: the label is "${label}"; to learn numbers, a number was expected.`);
}
