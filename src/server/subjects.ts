/** The models that are open at the moment: opened when they are asked about, the least recently used closed for others. */
import { InputError } from "../errors/index.ts";

/** Which model, as it lies on the disk now. */
export interface ModelPlace {
  readonly id: string;
  readonly path: string;
  /** Changes when the files change. */
  readonly version: string;
  /** What its weights take in memory. */
  readonly bytes: number;
}

interface Held<S> {
  readonly place: ModelPlace;
  readonly subject: Promise<S>;
  users: number;
  /** Closed as soon as nobody uses it. */
  stale: boolean;
}

/** Opened things by id, at most `budget` bytes of them beside those that are being used. */
export class Subjects<S extends { dispose(): Promise<void> }> {
  readonly #open: (path: string) => Promise<S>;
  readonly #budget: number;
  /** In the order of their last use. */
  readonly #held = new Map<string, Held<S>>();

  constructor(open: (path: string) => Promise<S>, budget: number) {
    this.#open = open;
    this.#budget = budget;
  }

  /** The ids of what is open, the least recently used first. */
  get open(): string[] {
    return [...this.#held.keys()];
  }

  /**
   * Does something with a model, which stays open at least until it is done. Throws InputError, before anything is
   * loaded, for a model that alone exceeds the budget.
   */
  async use<T>(place: ModelPlace, work: (subject: S) => Promise<T>): Promise<T> {
    const held = this.#take(place);
    held.users++;
    try {
      await this.#makeRoom();
      return await work(await held.subject);
    } catch (error) {
      // What could not be opened is tried anew the next time.
      await held.subject.catch(() => {
        this.#forget(held);
      });
      throw error;
    } finally {
      held.users--;
      if (held.stale && held.users === 0) await disposed(held);
      else await this.#makeRoom();
    }
  }

  /** Closes all, also what is being used. */
  async dispose(): Promise<void> {
    const all = [...this.#held.values()];
    this.#held.clear();
    await Promise.all(all.map(disposed));
  }

  #take(place: ModelPlace): Held<S> {
    const { id, version, bytes, path } = place;
    const before = this.#held.get(id);
    this.#held.delete(id);
    if (before?.place.version === version) {
      this.#held.set(id, before);
      return before;
    }
    if (before !== undefined) this.#close(before);
    if (bytes > this.#budget) {
      throw new InputError(
        `${path} takes ${gigabytes(bytes)} of memory, and the studio may fill ${gigabytes(this.#budget)}. ` +
          `Start it with a larger --memory, or look at a smaller model.`,
      );
    }
    const held: Held<S> = { place, subject: this.#open(path), users: 0, stale: false };
    held.subject.catch(() => undefined);
    this.#held.set(id, held);
    return held;
  }

  async #makeRoom(): Promise<void> {
    let total = 0;
    for (const { place } of this.#held.values()) total += place.bytes;
    for (const [id, held] of this.#held) {
      if (total <= this.#budget) return;
      if (held.users > 0) continue;
      this.#held.delete(id);
      total -= held.place.bytes;
      await disposed(held);
    }
  }

  #close(held: Held<S>): void {
    held.stale = true;
    if (held.users === 0) void disposed(held);
  }

  #forget(held: Held<S>): void {
    if (this.#held.get(held.place.id) === held) this.#held.delete(held.place.id);
  }
}

async function disposed<S extends { dispose(): Promise<void> }>({ subject }: Held<S>): Promise<void> {
  const opened = await subject.catch(() => undefined);
  await opened?.dispose();
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(2)} GB`;
