import { createEngine } from "heed";
import { it } from "vitest";
import { trainEmbeddings, nearest, nouns, relations } from "../../studio/src/lessons/models/embeddings.ts";
import { trainVisits, headsOf, askSubject, best } from "../../studio/src/lessons/models/translation.ts";
const engine = { engine: "wasm" as const, threads: 1 };
const work = (seed = 1, quick = true) => ({ engine: () => createEngine(engine), quick, seed, stop: { aborted: false }, progress: () => undefined });
it("x", async () => {
  for (const seed of [1,2]) {
  const t = Date.now();
  const e = await trainEmbeddings(work(seed));
  console.log(Date.now() - t, e.losses.at(0), e.losses.at(-1));
  for (const [r, [a, b]] of relations.entries()) console.log(a, b, nouns.map((c, i) => c + ":" + nearest(e.analogies[r]![i]!, [a, b, c])[0]!.noun).join(" "));
  console.log(nearest(e.cosines[nouns.indexOf("queen")]!, ["queen"]).slice(0, 5));
  }
  let t = Date.now();
  const w = work(1, process.env["QUICK"] !== "no");
  const s = await trainVisits({ ...w, progress: (d, n, x) => d % 50 === 0 && console.log(d, n, x, Date.now() - t) }, engine);
  console.log("trained", Date.now() - t);
  const h = await headsOf(askSubject(s), "x", { ...w, quick: false });
  console.log(Date.now() - t, h.translation, h.read, h.written, best(h.heads).map(({ weights, ...x }) => JSON.stringify(x)), JSON.stringify(best(h.heads)[0]!.weights.map((r) => r.map((x) => +x.toFixed(2)))));
  await s.dispose();
}, 500000);
