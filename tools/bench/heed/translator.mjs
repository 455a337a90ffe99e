// A lane: the translator `tiny` trained as a user trains it, with `train`. A step is an update; its work is the target
// tokens that are not padding.
import { readFileSync } from "node:fs";
import { bleu, Tokenizer, train, Translator } from "heed";
import { multi30kFolder, multi30kPairs } from "../data.mjs";
import { engineOf, serve, THREADS } from "../lane.mjs";

await serve(async (job) => {
  // Asked for first, so that an engine that is not there is named at once.
  await (await engineOf(job)).dispose();
  const { tokenizerPath, seed, model: sizes, training } = job;
  const folder = multi30kFolder();
  const pairs = await multi30kPairs(folder, "train");
  const tokenizer = Tokenizer.fromJson(readFileSync(tokenizerPath, "utf8"));
  const { engine, precision } = job;
  const options = { preset: "tiny", model: sizes, tokenizer, seed, engine, precision, threads: THREADS };
  const model = await Translator.create(pairs, options);
  const updates = train(model, pairs, { ...training, seed });
  const update = async () => {
    const { value, done } = await updates.next();
    if (done) throw new Error("the training ended before the measurement");
    return value;
  };
  const test = async () => multi30kPairs(folder, "test_2016_flickr");
  return {
    about: { engine: model.engine.description },
    step: async () => (await update()).targets,
    losses: async ({ count }) => {
      const losses = [];
      for (let i = 0; i < count; i++) losses.push((await update()).loss);
      return { losses };
    },
    save: async ({ path }) => {
      const { diskFolder } = await import("heed");
      const { writeTensors } = await import("heed/checkpoints");
      await writeTensors(diskFolder("."), path, await model.parameters.read());
      return {};
    },
    train: async ({ count }) => {
      const start = performance.now();
      let loss = 0;
      for (let i = 0; i < count; i++) loss += (await update()).loss / count;
      return { seconds: (performance.now() - start) / 1000, loss };
    },
    bleu: async ({ sentences }) => {
      const held = (await test()).slice(0, sentences);
      const found = await model.translate(
        held.map(({ source }) => source),
        { beams: 1 },
      );
      const score = bleu(
        found.map(({ text }) => text),
        [held.map(({ target }) => target)],
      );
      return { bleu: score.score };
    },
  };
});
