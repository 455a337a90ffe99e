// A lane: a GPT-2 opened from a checkpoint goes on from a prompt, greedily, token by token.
import { cachedModel, open } from "heed";
import { streamTokens } from "heed/generation";
import { engineNamed, serve, THREADS } from "../lane.mjs";
import { madeUpPrompt } from "../made-up-inputs.mjs";

await serve(async ({ folder, task, prompt, quantize, engine, precision }) => {
  const model = await open(folder, { task, engine, precision, quantize, threads: THREADS });
  engineNamed(model.engine, { engine, precision });
  // An option that is not known is passed over: numbers with all bits must not pass for those with fewer.
  if (model.parameters.quantize !== quantize) throw new Error(`not there: weights in ${quantize}`);
  const cached = cachedModel(model);
  const inputIds = { dtype: "int32", shape: [1, prompt], data: madeUpPrompt(prompt) };
  /** Seconds until the first token, seconds of each one after it, and their ids. */
  const write = async (tokens) => {
    const options = { maxNewTokens: tokens, minNewTokens: tokens, eosTokenId: [] };
    const [ids, times] = [[], [performance.now()]];
    for await (const { id } of streamTokens(cached, { inputIds }, options)) {
      times.push(performance.now());
      ids.push(id);
    }
    const gaps = times.slice(1).map((time, i) => (time - times[i]) / 1000);
    return { first: gaps[0], others: gaps.slice(1), ids };
  };
  return { about: { engine: model.engine.description }, write: ({ tokens }) => write(tokens) };
});
