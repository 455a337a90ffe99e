/**
 * A group of processes over Open MPI. All calls of MPI are made by this thread and return at once; operations are asked
 * about until they are done, so that signals and timers are served while this rank waits for the others.
 */
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { deserialize, serialize } from "node:v8";
import { LostRankError } from "../errors/index.ts";
import type { Engine } from "./engine.ts";
import type { Group, GroupOptions } from "./group.ts";
import type { Memory, MpiLibrary, Request, Summed } from "./mpi-library.ts";
import { messageOf } from "./residents.ts";

/**
 * Milliseconds for which a rank asks again and again, before it sleeps a millisecond in between; and bytes for which it
 * does so a millisecond longer. Others are waited for in small sums, so when large arrays travel all are there, and
 * travel only while somebody asks.
 */
const BUSY = 20;
const BUSY_BYTES = 50_000;
/** Elements of a large array that travel as one operation: several are under way at once. */
const PIECE = 2 ** 20;

/** What a rank sends to those on its machine before it ends by an error of its own: they need not guess why. */
const LEAVING = "SIGUSR2";

interface Peer {
  readonly rank: number;
  readonly host: string;
  readonly id: number;
}

const BYTES: Readonly<Record<Summed, number>> = { float32: 4, float64: 8, uint8: 1 };

/** Joins the group that mpirun started. */
export async function joinGroup(library: MpiLibrary, options: GroupOptions = {}): Promise<Group> {
  const group = new MpiGroup(library, options);
  await group.meet();
  return group;
}

class MpiGroup implements Group {
  readonly rank: number;
  readonly size: number;
  readonly description: string;
  readonly #library: MpiLibrary;
  readonly #options: GroupOptions;
  #peers: readonly Peer[] = [];
  #lost: string | undefined;
  readonly #onTerminate = (): void => {
    this.#terminated();
  };
  readonly #onLeave = (): void => {
    this.#end("Another rank ended by an error.", false);
  };

  constructor(library: MpiLibrary, options: GroupOptions) {
    this.#library = library;
    this.#options = options;
    const { rank, size } = library.start();
    this.rank = rank;
    this.size = size;
    this.description = `${size} ranks over ${library.version}`;
    // With this, mpirun tells all that are left when one has ended; a second later it kills them.
    process.on("SIGTERM", this.#onTerminate);
    process.on(LEAVING, this.#onLeave);
  }

  /** Who the others are. */
  async meet(): Promise<void> {
    this.#peers = await this.gather({ rank: this.rank, host: hostname(), id: process.pid });
  }

  get lost(): string | undefined {
    return this.#lost;
  }

  async sum(values: readonly number[]): Promise<readonly number[]> {
    const sums = Float64Array.from(values);
    await this.#sum(sums, "float64", sums.length);
    return [...sums];
  }

  async gather<T>(value: T): Promise<readonly T[]> {
    const mine = serialize(value);
    const lengths = new Float64Array(this.size);
    lengths[this.rank] = mine.length;
    await this.#sum(lengths, "float64", this.size);
    const starts = [...lengths].map((_, rank) => lengths.subarray(0, rank).reduce((a, b) => a + b, 0));
    // Each rank writes into a stretch of its own, over zeros: the sum is all of them.
    const all = new Uint8Array(starts.at(-1)! + lengths.at(-1)!);
    all.set(mine, starts[this.rank]);
    await this.#sum(all, "uint8", all.length);
    return starts.map((start, rank) => deserialize(all.slice(start, start + lengths[rank]!)) as T);
  }

  async sumResident(engine: Engine, resident: string): Promise<void> {
    await this.#inPlace(engine, resident, (memory, length) => this.#sum(memory, "float32", length));
  }

  async shareResident(engine: Engine, resident: string): Promise<void> {
    await this.#inPlace(engine, resident, (memory, length) =>
      this.#all(memory, length, BYTES.float32, (at, count) => this.#library.share(at, count * BYTES.float32)),
    );
  }

  /** Works where the engine has a resident; for one that cannot tell where that is, on a copy. */
  async #inPlace(
    engine: Engine,
    resident: string,
    work: (memory: Memory, length: number) => Promise<void>,
  ): Promise<void> {
    const place = await engine.locate(resident);
    if (place !== undefined) return work(place.address, place.length);
    const { data } = await engine.read(resident);
    await work(data, data.length);
    await engine.write(resident, data);
  }

  #sum(memory: Memory, kind: Summed, length: number): Promise<void> {
    return this.#all(memory, length, BYTES[kind], (at, count) => this.#library.sum(at, kind, count));
  }

  /** Begins an operation on all pieces, and waits until all are done. */
  async #all(
    memory: Memory,
    length: number,
    bytes: number,
    begin: (at: Memory, count: number) => Request,
  ): Promise<void> {
    const requests: Request[] = [];
    this.#requireAll();
    try {
      for (let start = 0; start < length; start += PIECE) {
        requests.push(begin(partOf(memory, start * bytes), Math.min(PIECE, length - start)));
      }
      const busyUntil = performance.now() + BUSY + (length * bytes) / BUSY_BYTES;
      for (const request of requests) {
        while (!this.#library.done(request)) {
          await (performance.now() < busyUntil ? turn() : sleep(1));
          this.#requireAll();
        }
      }
    } catch (error) {
      if (error instanceof LostRankError) throw error;
      this.#end(`The other ranks cannot be reached: ${messageOf(error)}`, this.rank === 0);
      this.#requireAll();
    }
  }

  #requireAll(): void {
    if (this.#lost !== undefined) throw new LostRankError(this.#lost);
  }

  /** mpirun ends the run: says which rank is no longer there, if it was on this machine. */
  #terminated(): void {
    const here = hostname();
    const gone = this.#peers.filter((peer) => peer.host === here && !lives(peer.id));
    const names = gone.map(({ rank, id }) => `rank ${rank} (process ${id})`).join(" and ");
    const writer = gone.some(({ rank }) => rank === 0);
    const message =
      gone.length > 0
        ? `Of ${this.size} ranks ${names} ended before the run was done.` +
          (writer ? " Rank 0 alone writes: --resume goes on from its last checkpoint." : "")
        : "The run was told to stop, or a rank on another machine was lost: then mpirun names it.";
    const first = this.#peers.find((peer) => !gone.includes(peer));
    this.#end(message, first?.rank === this.rank);
  }

  #end(message: string, speaks: boolean): void {
    if (this.#lost !== undefined) return;
    this.#lost = message;
    if (speaks) this.#options.warn?.(message);
  }

  async close(): Promise<void> {
    // Where all arrive here, nobody is killed for having left first.
    await this.sum([0]);
    process.off("SIGTERM", this.#onTerminate);
    process.off(LEAVING, this.#onLeave);
    this.#library.finish();
  }

  leave(): void {
    for (const { rank, host, id } of this.#peers) {
      if (rank !== this.rank && host === hostname() && lives(id)) process.kill(id, LEAVING);
    }
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function partOf(memory: Memory, offset: number): Memory {
  if (typeof memory === "bigint") return memory + BigInt(offset);
  return new Uint8Array(memory.buffer, memory.byteOffset + offset, memory.byteLength - offset);
}

/** Whether there is a process of this number. */
function lives(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== "ESRCH";
  }
}
