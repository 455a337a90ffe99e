/** An objective's sums over batches, without dropout and without learning. */
import { Trace, type ModelParameters } from "../nn/index.ts";
import { lower, type HostTensor } from "../onnx/index.ts";
import type { View } from "../runtime/index.ts";
import type { Batch, Objective } from "./trainer.ts";

/** What an objective came to on batches. */
export interface ObjectiveSums {
  /** Each of its entries, summed. */
  readonly sums: Readonly<Record<string, number>>;
  readonly targets: number;
}

/** A batch, without what only a step needs. */
export type JudgedBatch = Pick<Batch, "feeds" | "targets">;

/** An objective as a program that judges parameters as they are now, loaded when it is first asked. */
export class Evaluation {
  readonly #parameters: ModelParameters;
  readonly #objective: Objective;
  #loaded: { program: number; bind: Readonly<Record<string, View>>; fetch: string[] } | undefined;

  constructor(parameters: ModelParameters, objective: Objective) {
    this.#parameters = parameters;
    this.#objective = objective;
  }

  /** The sums of all entries of the objective over batches. */
  async sums(batches: Iterable<JudgedBatch> | AsyncIterable<JudgedBatch>): Promise<ObjectiveSums> {
    this.#loaded ??= await this.#load();
    const { program, bind, fetch } = this.#loaded;
    const sums: Record<string, number> = Object.fromEntries(fetch.map((name) => [name, 0]));
    let targets = 0;
    for await (const batch of batches) {
      const results = await this.#parameters.engine.run([{ program, bind, fetch }], batch.feeds);
      for (const name of fetch) sums[name]! += scalar(results[name]!);
      targets += batch.targets;
    }
    return { sums, targets };
  }

  async #load(): Promise<{ program: number; bind: Record<string, View>; fetch: string[] }> {
    const outputs = new Trace("forward").run(this.#objective);
    const program = lower("evaluation", outputs);
    const bind = this.#parameters.bind(program.inputs);
    return { program: await this.#parameters.engine.load(program), bind, fetch: Object.keys(outputs) };
  }
}

const scalar = (tensor: HostTensor): number => (tensor.data as Float32Array)[0]!;
