/** What the tests do alike in Node and in a page. A page gets this file without its types. */
import {
  browserFolder,
  createEngine,
  fetchFolder,
  Run,
  train,
  Translator,
  type EngineOptions,
  type Folder,
} from "heed";

const nouns = { chat: "cat", chien: "dog", lapin: "rabbit", canard: "duck" };
const colors = { noir: "black", blanc: "white", brun: "brown" };
const pairs = Object.entries(nouns).flatMap(([noun, english]) =>
  Object.entries(colors).map(([color, name]) => ({
    source: `le ${noun} ${color} dort`,
    target: `the ${name} ${english} sleeps`,
  })),
);
const sizes = { layers: 1, width: 16, heads: 2, feedForward: 32, vocabulary: 300, seed: 3 };
const training = { batchTokens: 128, learningRate: 0.02, warmUp: 5, seed: 5 };

/** A fresh translator with dropout, the same everywhere. */
function freshTranslator(options: EngineOptions): Promise<Translator> {
  return Translator.create(pairs, { ...sizes, ...options, model: { dropout: 0.1 } });
}

/** Trains a fresh translator and gives the loss of each update; what it learned is saved where a folder is given. */
export async function losses(updates: number, options: EngineOptions = {}, folder?: Folder): Promise<number[]> {
  const model = await freshTranslator(options);
  const found: number[] = [];
  for await (const { loss } of train(model, pairs, { ...training, updates })) found.push(loss);
  if (folder !== undefined) await model.save(folder);
  await model.dispose();
  return found;
}

/** Greedy translations by a saved model, of the first `count` sentences; the engine's description before them. */
export async function greedyTexts(
  folder: Parameters<typeof Translator.open>[0],
  options: EngineOptions = {},
  count = pairs.length,
) {
  const model = await Translator.open(folder, options);
  const sources = pairs.slice(0, count).map(({ source }) => source);
  const texts = (await model.translate(sources, { beams: 1 })).map(({ text }) => text);
  await model.dispose();
  return { engine: model.engine.description, texts };
}

/** Greedy translations by a model behind a web address, and the losses of the first updates of a fresh one. */
export async function textsAndLosses(address: string, updates: number, options: EngineOptions, count?: number) {
  const { engine, texts } = await greedyTexts(fetchFolder(address), options, count);
  return { engine, texts, losses: await losses(updates, options) };
}

/** What is said where an engine cannot be opened. */
export async function errorOf(options: EngineOptions): Promise<string> {
  return createEngine(options).then(
    () => "no error",
    (thrown: unknown) => (thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)),
  );
}

/** Copies a model into the browser's private storage, and translates with the copy. */
export async function keepInStorage(address: string): Promise<string[]> {
  const [from, to] = [fetchFolder(address), await browserFolder("models/kept")];
  const model = await Translator.open(from);
  await model.save(to);
  await model.dispose();
  return (await greedyTexts(await browserFolder("models/kept"))).texts;
}

/** Trains in the private storage with a break in the middle, and gives the losses of both parts. */
export async function resumeInStorage(updates: number): Promise<number[]> {
  const folder = await browserFolder("runs/resumed");
  const found: number[] = [];
  for (const [until, resume] of [
    [updates / 2, false],
    [updates, true],
  ] as const) {
    const settings = { seed: 5 };
    const run = await Run.open({ folder, settings, resume, warn: console.warn });
    const model = await freshTranslator({});
    for await (const { loss } of train(model, pairs, { ...training, updates: until, run })) found.push(loss);
    await model.dispose();
    await run.close();
  }
  return found;
}

/** The kind of error; what it says differs from folder to folder. */
const error = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => "no error",
    (thrown: unknown) => (thrown instanceof Error ? thrown.name : String(thrown)),
  );

/** Does with a folder all that a folder can, and tells what came of it. */
export async function useFolder(folder: Folder): Promise<Record<string, unknown>> {
  const text = async (path: string): Promise<string> => new TextDecoder().decode(await folder.read(path));
  const long = Uint8Array.from({ length: 1_500_000 }, (_, i) => i * 31);
  await folder.write("a/b/long", [long.subarray(0, 7), long.subarray(7)]);
  let streamed = 0;
  for await (const piece of folder.readStream("a/b/long")) streamed += piece.length;
  const results: Record<string, unknown> = {
    size: await folder.size("a/b/long"),
    streamed,
    range: [...(await folder.at("a").readRange("b/long", 1_400_000, 3))],
    pastTheEnd: await error(folder.readRange("a/b/long", 1_499_999, 2)),
    kinds: [
      await folder.kind("a/b"),
      await folder.kind("a/b/long"),
      (await folder.kind("a/none/x")) ?? "nothing",
      await folder.kind(""),
    ],
    list: await folder.list("a"),
    missing: await error(folder.read("a/missing")),
    notAFile: await error(folder.read("a/b")),
    notAFolder: await error(folder.list("a/b/long")),
    leaves: await error(folder.read("../x")),
  };
  await folder.write("text", "élève");
  await folder.append("text", " et maître");
  await folder.append("new", "line\n");
  results["texts"] = [await text("text"), await text("new")];
  const failing = function* (): Generator<Uint8Array> {
    yield long;
    throw new Error("stopped");
  };
  results["failed"] = [await error(folder.write("text", failing())), await text("text")];
  await folder.writeFolder("whole", async (aside) => {
    await aside.write("inner/file", "1");
  });
  await folder.writeFolder("whole", async (aside) => {
    await aside.write("other", "2");
  });
  results["whole"] = await folder.list("whole");
  await folder.rename("text", "a/renamed");
  results["renamed"] = [(await folder.kind("text")) ?? "nothing", await text("a/renamed")];
  await folder.remove("a");
  await folder.remove("a");
  results["removed"] = (await folder.kind("a")) ?? "nothing";
  const lock = await folder.lock();
  results["locked"] = await error(folder.lock());
  await lock.release();
  await (await folder.lock()).release();
  results["left"] = await folder.list();
  return results;
}

export const useStorage = async () => useFolder(await browserFolder("all"));
