/**
 * Trains a tokenizer of every family on the bundled corpus and writes it, with what it makes of texts that are hard to
 * cut, for trained-tokenizers.py to compare: node tools/checks/trained-tokenizers.mjs FOLDER (after a build).
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tokenizerFamilies, trainTokenizer } from "heed/tokens";

const [folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const lines = ["fr", "en"].flatMap((side) => readFileSync(`corpus/french-english/train.${side}`, "utf8").split("\n"));
const { texts } = JSON.parse(readFileSync("test/tokens/golden/texts.json", "utf8"));
for (const family of Object.keys(tokenizerFamilies)) {
  const tokenizer = await trainTokenizer(lines.slice(0, 4000), { family, size: 800 });
  const encodings = texts.map((text) => {
    const { ids, offsets } = tokenizer.encode(text, { offsetUnit: "code points" });
    return { text, ids, offsets, decoded: tokenizer.decode(ids) };
  });
  const { ids, typeIds } = tokenizer.encode(["the cat", "a dog"]);
  writeFileSync(
    join(folder, `${family}.json`),
    JSON.stringify({ tokenizer: tokenizer.toText(), encodings, pair: { ids, typeIds } }),
  );
}
