/** What a block is made of, and what happens without its residual path and its norms. */
import { lesson } from "../lesson.ts";
import { compareStacks, variants, type Stack } from "../models/blocks.ts";
import { lossChart } from "./pictures.ts";
import { lineChartSvg } from "heed/figures";

const names = variants.map(({ name }) => name);
/** The gradient of the first layer over that of the last. */
const ratio = ({ gradientNorms: norms }: Stack): number => norms[0]! / norms.at(-1)!;

export default lesson<Stack[]>({
  trains: "Four stacks of blocks are measured, then trained: with and without residuals and norms. Up to a minute.",
  make: compareStacks,
  cards: [
    {
      title: "A block",
      free: true,
      text: () => [
        "A Transformer block is attention, then a feed-forward network. Each is given a normed input (LayerNorm), and what it finds is added to what was there: x + f(norm(x)). That sum is the residual path.",
        "Stack many blocks, and the gradient of the loss has to come down through all of them.",
      ],
    },
    {
      title: "How much gradient arrives",
      text: () => [
        "The norm of the gradient by the weights of each layer, in a fresh stack, before any update. The scale is logarithmic: a step is a factor of ten.",
      ],
      picture: (stacks) => {
        const series = stacks.map(({ name, gradientNorms }) => ({
          name,
          x: gradientNorms.map((_, layer) => layer + 1),
          y: gradientNorms.map((norm) => Math.log10(norm)),
        }));
        const title = "log₁₀ of the gradient's norm, by layer";
        return {
          kind: "drawing",
          title,
          svg: lineChartSvg({ title, series, xTitle: "layer", yTitle: "log₁₀ norm" }),
          table: {
            columns: ["layer", ...names],
            rows: stacks[0]!.gradientNorms.map((_, layer) => [
              layer + 1,
              ...stacks.map((s) => s.gradientNorms[layer]!),
            ]),
          },
        };
      },
      question: {
        kind: "choice",
        ask: () => "In which stack does the least of the last layer's gradient reach the first layer?",
        options: () => names,
        right: (stacks) => {
          const ratios = stacks.map(ratio);
          return ratios.indexOf(Math.min(...ratios));
        },
        why: (stacks) =>
          `First layer over last: ${stacks.map((stack) => `${stack.name} ${ratio(stack).toPrecision(2)}`).join(", ")}.`,
      },
    },
    {
      title: "What it does to learning",
      text: () => [
        "All four learn the same task from the same numbers: to name, at the last place, the first word of a row.",
      ],
      picture: (stacks) => lossChart(Object.fromEntries(stacks.map(({ name, losses }) => [name, losses]))),
      question: {
        kind: "choice",
        ask: () => "With norms, which stack ends with the lower loss?",
        options: () => [names[0]!, names[2]!],
        right: ([both, , norms]) => (both!.losses.at(-1)! <= norms!.losses.at(-1)! ? 0 : 1),
        why: (stacks) =>
          `The last losses: ${stacks.map(({ name, losses }) => `${name} ${losses.at(-1)!.toFixed(3)}`).join(", ")}.`,
      },
    },
  ],
});
