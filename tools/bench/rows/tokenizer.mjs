// Encoding by BPE, WordPiece and Unigram, and training a byte-level BPE of 10,000 merges, on Multi30k's training texts.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { trainBpe } from "heed";
import { trainTokenizer } from "heed/tokens";
import { MULTI30K_MISSING, multi30kFolder, multi30kPairs, workFolder } from "../data.mjs";
import { entry, inTurn } from "../lanes.mjs";
import { nodePeers, peerLane } from "../peers.mjs";

/** 256 bytes and 10,000 merges. */
const SIZE = 10_256;
/** Whose pipelines the other kinds have. */
const OTHERS = { WordPiece: "bert", Unigram: "albert" };
const [RUST, JAVASCRIPT] = ["Rust tokenizers", "@huggingface/tokenizers"];

export async function measure(context) {
  const { rounds, quick, log } = context;
  const folder = multi30kFolder();
  if (folder === undefined) return { parts: [], about: [`Not measured: ${MULTI30K_MISSING}.`] };
  const pairs = await multi30kPairs(folder, quick ? "val" : "train");
  const texts = pairs.flatMap(({ source, target }) => [source, target]);
  mkdirSync(workFolder, { recursive: true });
  const textsPath = join(workFolder, "texts.json");
  writeFileSync(textsPath, JSON.stringify(texts));
  const written = (name, tokenizer) => {
    const tokenizerPath = join(workFolder, `${name}.json`);
    writeFileSync(tokenizerPath, tokenizer.toText());
    return { textsPath, tokenizerPath };
  };
  const job = written("bpe", await trainBpe(texts, { size: SIZE }));
  const heed = (more) => lane("Heed", { ...job, ...more, kind: "heed" }, { ours: true });
  const { path: modules, missing } = nodePeers(log);
  const javascript = (more) => lane(JAVASCRIPT, { ...job, ...more, kind: "peer", modules }, { missing });
  const rust = (threads, more) => {
    const environment = { RAYON_NUM_THREADS: String(threads), TOKENIZERS_PARALLELISM: threads > 1 ? "true" : "false" };
    const name = threads > 1 ? `${RUST}, ${threads} threads` : RUST;
    return peerLane(context, name, "tokenizer", { ...job, ...more }, { environment });
  };
  const run = (command, specs) =>
    inTurn(specs, { log, turns: Array.from({ length: quick ? 1 : Math.max(rounds, 5) }, () => ({ do: command })) });
  const counts = (await inTurn([heed(), rust(1), javascript()], { log, turns: [{ do: "count" }] })).filter(
    (one) => one.missing === undefined,
  );
  const rate = ({ seconds, bytes }) => bytes / 1e6 / seconds;
  const encoding = { kind: "lanes", unit: "MB/s", better: "more" };
  const learn = [heed({ size: SIZE }), rust(1, { size: SIZE }), rust(2, { size: SIZE })];
  const others = [];
  for (const [kind, family] of Object.entries(OTHERS)) {
    const files = written(kind, await trainTokenizer(texts, { family, size: 10_000 }));
    const specs = [heed(files), rust(1, files), rust(2, files), javascript(files)];
    others.push({ ...encoding, title: `${kind}: encoding to ids`, lanes: await run("ids", specs) });
  }
  const parts = [
    { ...encoding, title: "Encoding to ids", lanes: await run("ids", [heed(), rust(1), rust(2), javascript()]) },
    { ...encoding, title: "Encoding with tokens and offsets", lanes: await run("encodings", [heed(), rust(1)]) },
    { kind: "lanes", unit: "s", better: "less", title: "Learning 10,000 merges", lanes: await run("learn", learn) },
    ...others,
  ].map((part) => ({
    ...part,
    lanes: part.lanes.map((one) => entry(one, part.unit === "s" ? ({ seconds }) => seconds : rate)),
  }));
  const same = counts.map(({ name, rounds: [{ ids }] }) => `${name} ${ids.toLocaleString("en-US")}`).join(", ");
  const about = [
    `${texts.length.toLocaleString("en-US")} lines of Multi30k (the data is not part of the project), German and English, one ` +
      "tokenizer.json for all; Heed and the JavaScript one have one thread. Rust is called with all lines at once (to ids: " +
      `encode_batch_fast). Ids of all lines by BPE: ${same}. WordPiece is as BERT's tokenizer.json, Unigram as ALBERT's, both of ` +
      "10,000 pieces.",
  ];
  return { about, parts };
}

const lane = (name, job, more) => ({
  name,
  command: process.execPath,
  arguments: ["tools/bench/heed/tokenizer.mjs"],
  job,
  ...more,
});
