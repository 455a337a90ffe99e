// What the rows work on: Multi30k where it is, tokens made by Heed once for everybody, and made-up tokens.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { diskFolder, random, readLines, textPairs, trainTranslationTokenizer } from "heed";
import { tokenBatches } from "heed/data";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Ignored: ids and weights that lanes read. */
export const workFolder = join(root, ".cache", "bench", "work");

export const MULTI30K_MISSING =
  "Multi30k is not here (multi30k/ in the folder that HEED_DATA names, or in ../shared/data beside the clone)";

/** Multi30k's folder, or undefined. The data is not part of the project. */
export function multi30kFolder() {
  const folder = join(process.env.HEED_DATA ?? join(root, "..", "shared", "data"), "multi30k");
  return existsSync(join(folder, "train.de.gz")) ? folder : undefined;
}

/** German-English pairs of a part of Multi30k: `train`, `val`, `test_2016_flickr`. */
export async function multi30kPairs(folder, part) {
  const from = diskFolder(folder);
  return (await textPairs(readLines(from, `${part}.de.gz`), readLines(from, `${part}.en.gz`))).pairs;
}

/**
 * The training part of Multi30k as ids, by a byte-level BPE of 10,000, and cut into batches as Heed trains on them:
 * `tokenizer.json`, and `ids.json` with source, target and the batches of each epoch. Gives the two paths.
 */
export async function multi30kIds(folder, { seed, epochs }) {
  const pairs = await multi30kPairs(folder, "train");
  const texts = pairs.flatMap(({ source, target }) => [source, target]);
  const tokenizer = await trainTranslationTokenizer(texts, { size: 10_000 });
  const source = pairs.map((pair) => [...tokenizer.ids(pair.source)]);
  const target = pairs.map((pair) => [...tokenizer.ids(pair.target)]);
  const lengths = source.map((ids, i) => ({ source: ids.length, target: target[i].length }));
  const order = Array.from({ length: epochs }, (_, epoch) => tokenBatches(lengths, { tokens: 4096, seed, epoch }));
  mkdirSync(workFolder, { recursive: true });
  const [tokenizerPath, idsPath] = [join(workFolder, "tokenizer.json"), join(workFolder, "multi30k.json")];
  writeFileSync(tokenizerPath, tokenizer.toText());
  writeFileSync(idsPath, JSON.stringify({ source, target, epochs: order.map(({ batches }) => batches) }));
  return { tokenizerPath, idsPath, tokenizer, padding: order[0].padding };
}

/** Token ids that mean nothing, the same for everybody. */
export function madeUpIds(count, vocabulary, seed, first = 0) {
  const generator = random(seed, "bench ids");
  return Int32Array.from({ length: count }, () => first + generator.below(vocabulary - first));
}
