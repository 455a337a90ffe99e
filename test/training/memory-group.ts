/** Groups whose ranks live in one process: each call waits until all ranks have made theirs. */
import { LostRankError } from "../../src/errors/index.ts";
import type { Engine, Group } from "../../src/runtime/index.ts";

interface Round {
  readonly given: unknown[];
  readonly done: PromiseWithResolvers;
  arrived: number;
}
interface PromiseWithResolvers {
  readonly promise: Promise<readonly unknown[]>;
  readonly resolve: (values: readonly unknown[]) => void;
  readonly reject: (error: Error) => void;
}

function withResolvers(): PromiseWithResolvers {
  let [resolve, reject]: [PromiseWithResolvers["resolve"], PromiseWithResolvers["reject"]] = [
    () => undefined,
    () => undefined,
  ];
  const promise = new Promise<readonly unknown[]>((yes, no) => ([resolve, reject] = [yes, no]));
  // Who is not there to hear of the loss is not missed.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

/** A group of so many ranks, and how one of them is lost. */
export function memoryGroup(size: number): { readonly ranks: readonly Group[]; readonly lose: (why: string) => void } {
  const rounds: Round[] = [];
  let lost: string | undefined;
  const meet = (rank: number, number: number, value: unknown): Promise<readonly unknown[]> => {
    if (lost !== undefined) return Promise.reject(new LostRankError(lost));
    const round = (rounds[number] ??= { given: [], done: withResolvers(), arrived: 0 });
    round.given[rank] = value;
    if (++round.arrived === size) round.done.resolve(round.given);
    return round.done.promise;
  };
  const ranks = Array.from({ length: size }, (_, rank): Group => {
    let number = 0;
    const gather = async <T>(value: T): Promise<readonly T[]> => (await meet(rank, number++, value)) as readonly T[];
    const values = async (engine: Engine, name: string): Promise<readonly Float32Array[]> =>
      gather((await engine.read(name)).data as Float32Array);
    return {
      ...{ rank, size, description: `${size} ranks in memory`, gather },
      get lost() {
        return lost;
      },
      sum: async (numbers) => (await gather(numbers)).reduce((a, b) => a.map((value, i) => value + b[i]!)),
      sumResident: async (engine, name) => {
        const all = await values(engine, name);
        await engine.write(
          name,
          all.slice(1).reduce((a, b) => a.map((value, i) => value + b[i]!), all[0]!),
        );
      },
      shareResident: async (engine, name) => {
        await engine.write(name, (await values(engine, name))[0]!);
      },
      leave: () => undefined,
      close: async () => {
        await gather(0);
      },
    };
  });
  const lose = (why: string): void => {
    lost = why;
    for (const { done } of rounds) done.reject(new LostRankError(why));
  };
  return { ranks, lose };
}
