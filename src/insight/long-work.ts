/** Work of many rounds: it tells how far it is, lets others run, and ends where nobody waits for it. */
import { Stopped } from "../errors/index.ts";
import { Turns } from "../tokens/index.ts";
import type { StopSignal } from "../training/index.ts";

/** Who waits for long work. */
export interface WorkOptions {
  /** Told now and then how many rounds are done, of how many. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
  /** Set where nobody waits any more: the work then throws `Stopped`. */
  readonly stop?: StopSignal | undefined;
}

/** Long work while it runs: `round` is called once for each round. */
export class LongWork {
  readonly #turns: Turns;
  readonly #stop: StopSignal | undefined;

  constructor({ progress, stop }: WorkOptions) {
    this.#turns = new Turns(progress);
    this.#stop = stop;
  }

  /** Lets others run at the first round and where a turn is over. Throws Stopped where nobody waits any more. */
  async round(done: number, total: number): Promise<void> {
    if (this.#turns.over || done === 0) await this.#turns.next(done, total);
    if (this.#stop?.aborted === true) throw new Stopped();
  }
}
