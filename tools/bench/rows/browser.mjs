// Heed in a page beside jax-js (training) and Transformers.js (generation): what ../browser.mjs measures, as tables.
import { run } from "../browser.mjs";

export async function measure({ rounds, log }) {
  const { skipped, chromium, training, generation } = await run({ rounds, log: (text) => log(`  ${text}`) });
  if (skipped !== undefined) return { parts: [], about: [`Not measured: ${skipped}.`] };
  const parts = [
    ...Object.entries(training).map(([shape, found]) => part(`Training, ${shape}`, "ms a step", found)),
    ...Object.entries(generation).map(([shape, found]) => part(`Generation, ${shape}`, "ms a text", found)),
  ];
  const same = Object.values(generation).every(({ sameText }) => sameText);
  const about = [
    `Headless Chromium${chromium === undefined ? "" : ` ${chromium}`}, a fresh page for every turn. Training is loss, gradients, ` +
      "clipping and AdamW of a GPT-2 in fp32; generation is greedy with a cache, and Transformers.js runs the ONNX file that " +
      `Heed writes of the same weights${same ? "; all give the same tokens" : "; NOT all give the same tokens"}.`,
  ];
  return { about, parts };
}

function part(title, unit, { results, ratios }) {
  const lanes = results.map(({ name, milliseconds, spread, skipped }) => {
    const ours = name.startsWith("Heed");
    if (skipped !== undefined) return { name, ours, missing: skipped };
    // The three numbers that are there have the median and the ends of all.
    return { name, ours, values: [spread[0], milliseconds, spread[1]] };
  });
  const pairs = ratios.map(({ heed, peer }) => [heed, peer]);
  return { kind: "lanes", title, unit, better: "less", lanes, pairs };
}
