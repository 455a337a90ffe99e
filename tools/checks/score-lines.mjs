// Scores texts with the built package: JSON in, JSON out. Run by sacrebleu-multi30k.py.
// { hypotheses, references, bleu: [options, …], chrf: [options, …] } → { lines: [with signature, …], seconds }
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const { bleu, chrf } = await import(pathToFileURL(resolve(process.argv[2] ?? "dist", "evaluation/index.js")));
const request = JSON.parse(await text(process.stdin));
const { hypotheses, references } = request;
const start = performance.now();
const scores = [
  ...request.bleu.map((options) => bleu(hypotheses, references, options)),
  ...request.chrf.map((options) => chrf(hypotheses, references, options)),
];
const seconds = (performance.now() - start) / 1000;
process.stdout.write(JSON.stringify({ lines: scores.map((score) => score.format({ signature: true })), seconds }));
