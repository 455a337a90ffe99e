/** After this many milliseconds of work others get a turn. */
const TURN = 50;

/** Called now and then with how much is done, and of how much. */
export type TrainingProgress = (done: number, total: number) => void;

/**
 * Long work in pieces: asks every now and then whether a turn is over, tells the progress and lets others run, so that
 * a page stays alive.
 */
export class Turns {
  private readonly progress: TrainingProgress | undefined;
  private since = Date.now();

  constructor(progress?: TrainingProgress) {
    this.progress = progress;
  }

  /** Whether it is time to call `next`. */
  get over(): boolean {
    return Date.now() - this.since > TURN;
  }

  async next(done: number, total: number): Promise<void> {
    this.progress?.(done, total);
    await new Promise((resolve) => setTimeout(resolve));
    this.since = Date.now();
  }
}
