/** The engines that tests run on: each that can be had here, and for the others a test that is skipped and says why. */
import { describe, it } from "vitest";
import { createEngine, type EngineName } from "../src/runtime/index.ts";

type Named = { readonly engine: EngineName };

/** Engines for the processor; the WebAssembly build has tests of its own. */
const candidates = [{ engine: "onnxruntime" }, { engine: "openvino" }] as const satisfies readonly Named[];

async function whyNot(options: Named): Promise<string | undefined> {
  try {
    await (await createEngine({ ...options, worker: false, threads: 1 })).dispose();
    return undefined;
  } catch (error) {
    // The first sentence; the others say how to install it.
    return (error instanceof Error ? error.message : String(error)).split("; ")[0]!;
  }
}

const found = await Promise.all(candidates.map(async (options) => ({ options, problem: await whyNot(options) })));

/** The options of each engine that is here. */
export const engines: readonly Named[] = found.flatMap(({ options, problem }) =>
  problem === undefined ? [options] : [],
);

/** Whether an engine is here. */
export const hasEngine = (engine: Named["engine"]): boolean => engines.some((options) => options.engine === engine);

/** A group of tests for each engine. ONNX Runtime must be there; another that is not is named in a skipped test. */
export function describeEngines(define: (options: Named) => void): void {
  for (const { options } of found) describeEngine(options.engine, define);
}

/** A group of tests for one engine; where it is not here, a skipped test says why. */
export function describeEngine(engine: Named["engine"], define: (options: Named) => void): void {
  const problem = found.find(({ options }) => options.engine === engine)?.problem;
  if (problem === undefined || engine === "onnxruntime") {
    describe(engine, () => {
      define({ engine });
    });
  } else {
    it(`${engine} is not here`, ({ skip }) => {
      skip(problem);
    });
  }
}
