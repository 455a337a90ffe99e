/** What the key-value cache saves: the same text with it and without it. */
import { z } from "zod";
import type { HostTensor } from "../../onnx/index.ts";
import { query } from "../query.ts";
import { shownTokens, textOfIds, writingInput, writingOf, type Writing } from "../writing.ts";
import { goesOn } from "./generation.ts";

export const cached = query({
  about: "The same text written with the key-value cache and without it: equal tokens, and the time of each.",
  input: writingInput.extend({
    newTokens: z.int().positive().max(256).default(24),
    /** How often each way is timed; the median of each token counts. */
    runs: z.int().positive().max(9).default(3),
  }),
  answer: async (subject, { newTokens: limit, runs, ...given }, context) => {
    const writing = writingOf(subject, given);
    const ways = { cached: [] as Timed[], uncached: [] as Timed[] };
    // The first run of each makes the programs, and is not timed.
    for (let run = 0; run <= runs; run++) {
      for (const way of ["cached", "uncached"] as const) {
        goesOn(context);
        const timed = await greedily(writing, limit, way === "cached");
        if (run > 0) ways[way].push(timed);
      }
      context.progress?.(run + 1, runs + 1, "runs");
    }
    const [withCache, without] = [ways.cached[0]!.ids, ways.uncached[0]!.ids];
    const at = (way: readonly Timed[], step: number): number =>
      median(way.map(({ milliseconds }) => milliseconds[step]!));
    const tokens = shownTokens(writing.tokenizer, withCache).map((token, step) => ({
      ...token,
      cached: at(ways.cached, step),
      uncached: at(ways.uncached, step),
    }));
    // The first token reads the prompt in both ways.
    const later = tokens.slice(1);
    return {
      equal: withCache.join() === without.join(),
      text: textOfIds(writing, withCache),
      /** Milliseconds of each token, both ways. */
      tokens,
      /** Medians over the tokens behind the first. */
      cached: median(later.map((token) => token.cached)),
      uncached: median(later.map((token) => token.uncached)),
      runs,
    };
  },
});

/** Ids with the time that each took. */
interface Timed {
  readonly ids: readonly number[];
  readonly milliseconds: readonly number[];
}

/** Greedy search by hand: with one session, or with a new one for every token, which reads all of them again. */
async function greedily({ cached: model, feeds, options }: Writing, limit: number, keeps: boolean): Promise<Timed> {
  const ends = new Set([options.eosTokenId ?? []].flat());
  const room = (options.maxPositions ?? Infinity) - feeds[model.growing]!.shape[1]!;
  const ids: number[] = [];
  const milliseconds: number[] = [];
  const selection = { kind: "top", count: 1 + (options.suppressTokens?.length ?? 0) } as const;
  let session = undefined as Awaited<ReturnType<typeof model.start>> | undefined;
  try {
    while (ids.length < Math.min(limit, room) && !ends.has(ids.at(-1) ?? -1)) {
      const started = performance.now();
      if (keeps && session !== undefined) await session.advance(Int32Array.of(ids.at(-1)!));
      else {
        await session?.close();
        session = await model.start(grown(feeds, model.growing, ids), selection);
      }
      const { selected } = session;
      if (selected.kind !== "top") throw new TypeError("The session gave other scores than it was asked for.");
      ids.push(selected.ids.find((id) => options.suppressTokens?.includes(id) !== true)!);
      milliseconds.push(performance.now() - started);
    }
  } finally {
    await session?.close();
  }
  return { ids, milliseconds };
}

/** The feeds with ids behind the prompt, and a mask that reaches over them. */
function grown(feeds: Writing["feeds"], growing: string, ids: readonly number[]): Writing["feeds"] {
  const longer = (tensor: HostTensor, more: readonly number[]): HostTensor => {
    const data = Int32Array.from([...(tensor.data as Int32Array), ...more]);
    return { dtype: "int32", shape: [1, data.length], data };
  };
  const { attentionMask } = feeds;
  const mask = growing === "inputIds" && attentionMask !== undefined;
  return {
    ...feeds,
    [growing]: longer(feeds[growing]!, ids),
    ...(mask && {
      attentionMask: longer(
        attentionMask,
        ids.map(() => 1),
      ),
    }),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
