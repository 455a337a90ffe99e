// A lane: generation by a translator of the size `tiny` with fresh weights. A step is a batch; its work is its sentences.
import { CachedModel, generate, startTokens } from "heed/generation";
import { dimension, input } from "heed/graph";
import { transformer, transformerConfig } from "heed/models";
import { ModelParameters, Trace } from "heed/nn";
import { madeUpIds } from "../data.mjs";
import { engineOf, serve } from "../lane.mjs";

await serve(async (job) => {
  const { sizes, seed, length } = job;
  const config = transformerConfig.parse({ ...sizes, normalization: "pre" });
  const ids = (name) => input(name, "int32", [dimension("batch"), dimension(name)]);
  const forward = (scope) => transformer(scope, config, { source: ids("source"), target: ids("target") });
  const trace = new Trace("forward");
  forward(trace.scope);
  const engine = await engineOf(job);
  const parameters = await ModelParameters.initialize(engine, [...trace.parameters.values()], seed);
  const model = new CachedModel(parameters, forward);
  const all = madeUpIds(1000 * length, sizes.vocabulary, seed, 4);
  let at = 0;
  /** Sentences of `length` tokens, of which the last ends them. */
  const next = (batch) => {
    if ((at + batch) * length > all.length) at = 0;
    const data = all.slice(at * length, (at + batch) * length);
    for (let row = 1; row <= batch; row++) data[row * length - 1] = config.endId;
    at += batch;
    return { dtype: "int32", shape: [batch, length], data };
  };
  const search = {
    eosTokenId: config.endId,
    maxNewTokens: length,
    minNewTokens: length,
    suppressTokens: [0, 1],
  };
  const decode = async ({ batch, beams }) => {
    const feeds = { source: next(batch), target: startTokens(batch, config.startId) };
    const found = await generate(model, feeds, { ...search, numBeams: beams });
    if (found.some(([{ ids: row }]) => row.length !== length)) throw new Error("a sentence has another length");
    return batch;
  };
  return { about: { engine: engine.description }, turn: timedTurn(decode) };
});

/** Rounds of several kinds of step in one process: the message says which. */
function timedTurn(decode) {
  return async ({ seconds, ...kind }) => {
    await decode(kind);
    const steps = [];
    let spent = 0;
    while (steps.length < 1 || spent < seconds) {
      const start = performance.now();
      const work = await decode(kind);
      steps.push([(performance.now() - start) / 1000, work]);
      spent += steps.at(-1)[0];
    }
    return { steps };
  };
}
