// The goals, judged by the results: what was measured stands beside each.
import { median, timesAsFast } from "./statistics.mjs";

const NOT_MEASURED = ["–", "not measured"];

/** The lanes of one part of a row that were measured, by name. */
function lanesOf(results, row, title) {
  const part = results.find((one) => one.row === row)?.parts.find((one) => one.title === title);
  const present = (part?.lanes ?? []).filter(({ values }) => values !== undefined);
  return { better: part?.better, lanes: new Map(present.map((lane) => [lane.name, lane])) };
}

/** Titles of the parts of a row that have lanes. */
const titles = (results, row) =>
  (results.find((one) => one.row === row)?.parts ?? [])
    .filter(({ lanes }) => lanes !== undefined)
    .map(({ title }) => title);

/** Whether `ours` is at least `factor` times as fast as `theirs` in all of the parts given as [row, title]. */
function atLeast(results, ours, theirs, factor, parts) {
  const ratios = parts.flatMap(([row, title]) => {
    const { better, lanes } = lanesOf(results, row, title);
    const [own, peer] = [lanes.get(ours), lanes.get(theirs)];
    return own && peer ? [{ title, ratio: timesAsFast(own.values, peer.values, better) }] : [];
  });
  if (ratios.length === 0) return NOT_MEASURED;
  const said = ratios.map(({ title, ratio }) => `${ratio.toFixed(2)} (${title})`).join(", ");
  return [ratios.every(({ ratio }) => ratio >= factor) ? "yes" : "no", `times as fast: ${said}`];
}

const training = (results) => [
  ...titles(results, "gpt").map((title) => ["gpt", title]),
  ...titles(results, "translator").map((title) => ["translator", title]),
];
const small = (results) =>
  training(results).filter(([row, title]) => row === "translator" || title.startsWith("0.81 M"));
const [ort, openvino, bf16] = ["Heed, ONNX Runtime", "Heed, OpenVINO", "Heed, OpenVINO, bf16"];

/** Whether Heed's engines in fp32 need less memory than PyTorch eager wherever both were measured. */
function memory(results) {
  const compared = training(results).flatMap(([row, title]) => {
    const { lanes } = lanesOf(results, row, title);
    const peer = lanes.get("PyTorch")?.cells?.[PEAK];
    return [ort, openvino].flatMap((name) => {
      const own = lanes.get(name)?.cells?.[PEAK];
      return own === undefined || peer === undefined ? [] : [{ title, name, own, peer }];
    });
  });
  if (compared.length === 0) return NOT_MEASURED;
  const more = compared.filter(({ own, peer }) => own >= peer);
  const said = more.map(
    ({ title, name, own, peer }) => `${title}, ${name}: ${own.toFixed(0)} against ${peer.toFixed(0)} MB`,
  );
  return more.length === 0 ? ["yes", `less in all ${compared.length} pairs`] : ["no", said.join("; ")];
}

function floor(results) {
  const part = results
    .find(({ row }) => row === "floor")
    ?.parts.find(({ title }) => title?.startsWith("GPT of 10.8 M"));
  const lane = part?.lanes.find(({ name }) => name === ort);
  if (lane?.values === undefined) return NOT_MEASURED;
  const ratio = median(lane.values) / lane.floor;
  return [ratio <= 1.3 ? "yes" : "no", `${ratio.toFixed(2)} times its floor`];
}

/** Each of Heed's lanes against the peer in the same kind of page. */
function inPage(results) {
  const parts = (results.find(({ row }) => row === "browser")?.parts ?? []).filter(({ title }) =>
    title.startsWith("Train"),
  );
  const ratios = parts.flatMap(({ title, lanes, pairs }) =>
    pairs.map(([ours, peer]) => {
      const [own, theirs] = [ours, peer].map((name) => lanes.find((lane) => lane.name === name).values);
      return { what: `${title}, ${ours.replace("Heed, ", "")}`, ratio: timesAsFast(own, theirs, "less") };
    }),
  );
  if (ratios.length === 0) return NOT_MEASURED;
  const said = ratios.map(({ what, ratio }) => `${ratio.toFixed(2)} (${what})`).join(", ");
  return [ratios.every(({ ratio }) => ratio >= 2) ? "yes" : "no", `times as fast: ${said}`];
}

/** The column that peaks of memory stand in. */
export const PEAK = "peak memory, MB";

export const goals = [
  {
    goal: "OpenVINO ahead of PyTorch eager in every fp32 training row",
    judge: (results) => atLeast(results, openvino, "PyTorch", 1, training(results)),
  },
  {
    goal: "OpenVINO in bf16 not behind PyTorch's bf16",
    judge: (results) => atLeast(results, bf16, "PyTorch, bf16", 1, training(results)),
  },
  {
    goal: "the default engine ahead of PyTorch in the translator's row and the small GPT's",
    judge: (results) => atLeast(results, ort, "PyTorch", 1, small(results)),
  },
  { goal: "the default engine within 1.3 of its own floor on the 10.8 M model", judge: floor },
  {
    goal: "decoding at batch 64 at least three times as fast as Hugging Face's",
    judge: (results) => atLeast(results, ort, HF, 3, batched(results, 64)),
  },
  {
    goal: "decoding at batch 1 at least eight times as fast as Hugging Face's",
    judge: (results) => atLeast(results, ort, HF, 8, batched(results, 1)),
  },
  {
    goal: "the tokenizer faster than Rust on one thread",
    judge: (results) => atLeast(results, "Heed", "Rust tokenizers", 1, rowOf(results, "tokenizer")),
  },
  {
    goal: "GPT-2 at 124 M, one text: ahead of Hugging Face, in fp32",
    judge: (results) => atLeast(results, ort, HF, 1, rowOf(results, "gpt2-generate")),
  },
  {
    goal: "GPT-2 at 124 M with int8 weights: at most half of Hugging Face's milliseconds a token",
    judge: (results) => atLeast(results, `${ort}, int8`, HF, 2, [["gpt2-generate", "Each token after it"]]),
  },
  {
    goal: "encoders ahead of PyTorch eager in every row, on ONNX Runtime",
    judge: (results) => atLeast(results, ort, "PyTorch", 1, rowOf(results, "encoders")),
  },
  {
    goal: "encoders ahead of PyTorch eager in every row, on OpenVINO",
    judge: (results) => atLeast(results, openvino, "PyTorch", 1, rowOf(results, "encoders")),
  },
  { goal: "less memory than PyTorch in every row", judge: memory },
  { goal: "in a page at least twice as fast as jax-js in training", judge: inPage },
];

const HF = "Hugging Face generate";
const rowOf = (results, row) => titles(results, row).map((title) => [row, title]);
const batched = (results, size) =>
  titles(results, "decode")
    .filter((title) => title.endsWith(`batch ${size}`))
    .map((title) => ["decode", title]);
