// A lane: Heed's tokenizer, or the JavaScript one of Hugging Face, on texts. Work is bytes of text encoded.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Tokenizer, trainBpe } from "heed";
import { serve } from "../lane.mjs";

await serve(async (job) => {
  const texts = JSON.parse(readFileSync(job.textsPath, "utf8"));
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  /** On a tokenizer that has seen no text yet: what it remembers of words is part of its speed, but for one reading. */
  const timed = async (what) => {
    tokenizer = job.tokenizerPath === undefined ? undefined : open();
    const start = performance.now();
    await what();
    return { seconds: (performance.now() - start) / 1000, bytes };
  };
  const open = () => {
    const json = readFileSync(job.tokenizerPath, "utf8");
    if (job.kind === "heed") return Tokenizer.fromJson(json);
    const require = createRequire(pathToFileURL(`${job.modules}/package.json`));
    const { Tokenizer: Theirs } = require("@huggingface/tokenizers");
    return new Theirs(JSON.parse(json), {});
  };
  let tokenizer;
  return {
    about: {},
    ids: () =>
      timed(() => {
        let count = 0;
        for (const text of texts) {
          count += (job.kind === "heed" ? tokenizer.ids(text) : tokenizer.encode(text).ids).length;
        }
        return count;
      }),
    encodings: () => timed(() => texts.map((text) => tokenizer.encode(text))),
    learn: () => timed(() => trainBpe(texts, { size: job.size })),
    count: () => {
      const fresh = open();
      return { ids: texts.reduce((sum, text) => sum + fresh.encode(text).ids.length, 0) };
    },
  };
});
