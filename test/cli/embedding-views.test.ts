import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { analogyView, neighborsView, projectionView } from "../../src/cli/inspect-views/embeddings.ts";
import { positionsView } from "../../src/cli/inspect-views/positions.ts";
import type { InspectView, ViewFlags } from "../../src/cli/inspect-views/view.ts";
import { InputError } from "../../src/errors/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { ask, openSubject, queries, translatorSubject, type Query, type Subject } from "../../src/inspect/index.ts";
import { Translator } from "../../src/tasks/translator.ts";
import { parseXml } from "../figures/parse-xml.ts";

/** Small models: no worker, no threads. */
const fast = { threads: 1, worker: false } as const;

const pairs = [
  { source: "le roi et la reine", target: "the king and the queen" },
  { source: "un homme et une femme", target: "a man and a woman" },
];
const look = { width: 80, colorDepth: "none" } as const;
const opened: Subject[] = [];
let translator: Subject;

beforeAll(async () => {
  translator = translatorSubject(
    await Translator.create(pairs, { width: 16, heads: 2, layers: 1, vocabulary: 400, ...fast }),
  );
  opened.push(translator);
});
afterAll(async () => {
  for (const subject of opened) await subject.dispose();
});

async function family(name: string): Promise<Subject> {
  const subject = await openSubject(diskFolder(new URL(`../families/${name}`, import.meta.url).pathname), fast);
  opened.push(subject);
  return subject;
}

/** The view as text; as SVG it must be well-formed. */
async function shown(view: InspectView, subject: Subject, flags: Partial<ViewFlags>): Promise<string> {
  const query = queries[view.query] as unknown as Query;
  const answer = (await ask(query, subject, view.question({ text: "", words: [], ...flags }))) as never;
  parseXml(view.svg(answer));
  return view.text(answer, look);
}

describe("views of vectors", () => {
  it("list neighbors of a word, and of a token of a text at a layer", async () => {
    const text = await shown(neighborsView, translator, { text: "king" });
    expect(text).toMatch(/^Nearest to king among token vectors\n/);
    expect(text.split("\n")).toHaveLength(14);
    const far = await shown(neighborsView, translator, { text: "king", method: "euclidean" });
    expect(far).toContain("distance");
    const hidden = { text: "le roi et la reine", target: "the king and the queen", layer: 1, token: 2 };
    expect(await shown(neighborsView, translator, hidden)).toMatch(
      /^Nearest to roi among hidden states of the encoder/,
    );
    expect(() => neighborsView.question({ text: "two words", words: [] })).toThrow(InputError);
  });

  it("answer an analogy of three words, however they are quoted", async () => {
    const one = await shown(analogyView, translator, { text: "man woman king", method: "multiply" });
    expect(one).toMatch(/^man is to woman as king is to\n/);
    expect(await shown(analogyView, translator, { text: "man", words: ["woman", "king"], method: "multiply" })).toBe(
      one,
    );
    expect(() => analogyView.question({ text: "man woman", words: [] })).toThrow(/three words/);
  });

  it("draw words and frequent tokens as points", async () => {
    const text = await shown(projectionView, translator, { text: "king", words: ["queen", "man", "woman"] });
    for (const word of ["king", "queen", "man", "woman"]) expect(text).toContain(word);
    expect(text).toMatch(/across: component 1, \d+\.\d % of the variance/);
    expect(await shown(projectionView, translator, {})).toMatch(/names have no room/);
    const hidden = { text: "le roi", target: "the king", layer: 1 };
    expect(await shown(projectionView, translator, hidden)).toContain("roi");
  });
});

describe("the view of positions", () => {
  it("draws every kind", async () => {
    expect(await shown(positionsView, translator, {})).toMatch(/Sinusoidal|sinusoidal positions/);
    const t5 = await shown(positionsView, await family("t5-model"), { text: "2" });
    expect(t5).toContain("1: biases for distances of the encoder; 2: biases for distances of the decoder");
    expect(t5).toContain("head 3");
    expect(await shown(positionsView, await family("llama-causal-lm-linear"), {})).toContain("without scaling");
    expect(await shown(positionsView, await family("vit-model"), {})).toContain("patch");
    expect(await shown(positionsView, await family("transfo-xl-model"), {})).toContain("distance");
    expect(() => positionsView.question({ text: "first", words: [] })).toThrow(/counted from 1/);
  });
});
