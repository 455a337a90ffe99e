/** What lies nearest to a token, a hidden state or a vector; and analogies. */
import { z } from "zod";
import { InputError } from "../../errors/index.ts";
import { analogiesOf, analogyMethods, metrics, neighborsOf, rowAt, type Neighbor } from "../../insight/index.ts";
import { query } from "../query.ts";
import { vectorsInput, vectorsOf, wordVector, type VectorName, type Vectors } from "../vectors.ts";

const count = z.int().positive().max(1000).default(10);

export const neighbors = query({
  about: "The vectors nearest to a word, a token, one of the vectors, or a vector that is given.",
  input: z.strictObject({
    /** Among which; all tokens unless told. */
    rows: vectorsInput.default({ of: "table" }),
    /** One of these says to what. */
    word: z.string().optional(),
    id: z.int().nonnegative().optional(),
    row: z.int().nonnegative().optional(),
    vector: z.array(z.number()).optional(),
    metric: z.enum(metrics).default("cosine"),
    count,
  }),
  answer: async (subject, { rows: which, metric, count: wanted, ...to }) => {
    const vectors = await vectorsOf(subject, which);
    const { vector, tokens, rows } = startOf(vectors, to);
    const found = neighborsOf(vectors.rows, vector, { metric, count: wanted, without: new Set(rows) });
    return { title: vectors.title, metric, of: tokens, neighbors: named(vectors, found) };
  },
});

interface Start {
  readonly vector: ArrayLike<number>;
  readonly tokens: readonly VectorName[];
  readonly rows: readonly number[];
}

interface StartInput {
  readonly word?: string | undefined;
  readonly id?: number | undefined;
  readonly row?: number | undefined;
  readonly vector?: readonly number[] | undefined;
}

function startOf(vectors: Vectors, { word, id, row, vector }: StartInput): Start {
  if (vector !== undefined) return { vector, tokens: [], rows: [] };
  if (word !== undefined) return wordVector(vectors, word);
  const place = row ?? (id === undefined ? undefined : vectors.rowOf(id));
  if (place === undefined && id === undefined) {
    throw new InputError("Say whose neighbors: give a word, an id, a row or a vector.");
  }
  if (place === undefined || place >= vectors.rows.count) {
    throw new InputError(`There is no such row: there are ${vectors.rows.count}, counted from 0.`);
  }
  return { vector: rowAt(vectors.rows, place), tokens: [vectors.name(place)], rows: [place] };
}

const named = ({ name }: Vectors, found: readonly Neighbor[]): (VectorName & Neighbor)[] =>
  found.map((one) => ({ ...name(one.row), ...one }));

export const analogy = query({
  about: "a is to b as c is to which token? By b − a + c (3CosAdd), or by products of cosines (3CosMul).",
  input: z.strictObject({
    rows: vectorsInput.default({ of: "table" }),
    /** a, b, c: man, woman, king. */
    words: z.tuple([z.string().min(1), z.string().min(1), z.string().min(1)]),
    method: z.enum(analogyMethods).default("add"),
    count,
  }),
  answer: async (subject, { rows: which, words, method, count: wanted }) => {
    const vectors = await vectorsOf(subject, which);
    const given = words.map((word) => wordVector(vectors, word));
    const [a, b, c] = given.map(({ vector }) => vector) as [Float32Array, Float32Array, Float32Array];
    const without = new Set(given.flatMap(({ rows }) => rows));
    const found = analogiesOf(vectors.rows, [a, b, c], { method, count: wanted, without });
    return {
      title: vectors.title,
      method,
      given: given.map(({ word, tokens }) => ({ word, tokens })),
      found: named(vectors, found),
    };
  },
});
