/** Vectors as points in a plane or in space. */
import { z } from "zod";
import {
  clustersOf,
  defaultPerplexity,
  metrics,
  principalComponents,
  rowLengths,
  tsne,
  umap,
  unitRows,
  type Rows,
} from "../../insight/index.ts";
import type { HostTensor } from "../../onnx/index.ts";
import { query, type QueryContext } from "../query.ts";
import type { Subject } from "../subject.ts";
import { vectorsInput, vectorsOf } from "../vectors.ts";

/** How vectors become points. */
export const projectionMethods = ["pca", "tsne", "umap"] as const;

/** So many tokens where nothing says how many. */
const MOST = 500;

const input = z.strictObject({
  rows: vectorsInput.default({ of: "table" }),
  method: z.enum(projectionMethods).default("pca"),
  dimensions: z.union([z.literal(2), z.literal(3)]).default(2),
  /** Of t-SNE: about how many neighbors count. */
  perplexity: z.number().min(1).optional(),
  /** Of UMAP: how many neighbors count. */
  neighbors: z.int().min(2).optional(),
  /** Of UMAP: how near points may lie. */
  least: z.number().min(0).max(1).optional(),
  /** Of t-SNE and UMAP: how near vectors are, by their angle or as the crow flies. */
  metric: z.enum(metrics).default("cosine"),
  /** Of t-SNE and UMAP. */
  iterations: z.int().positive().max(5000).optional(),
  seed: z.int().nonnegative().default(1),
  /** How many groups to color by, found by k-means among the directions of the vectors; 0 for none. */
  groups: z.int().nonnegative().max(40).default(0),
});

export const projection = query({
  about: "Vectors of tokens, hidden states or texts as points: PCA with the variance it explains, t-SNE or UMAP.",
  input,
  answer: async (subject, question, context) => {
    const { rows, name, title, sides, order } = await vectorsOf(subject, question.rows, MOST);
    const key = JSON.stringify([question, subject.parameters.version]);
    const { points, ...told } = await remembered(subject, key, () => pointsOf(rows, question, context));
    const clusters = question.groups === 0 ? undefined : await clustersOf(unitRows(rows), question.groups, context.stop === undefined ? {} : { stop: context.stop }); // prettier-ignore
    const names = Array.from({ length: rows.count }, (_, row) => name(row));
    const tensors: Record<string, HostTensor> = {
      points: { dtype: "float32", shape: [rows.count, question.dimensions], data: points },
      lengths: { dtype: "float32", shape: [rows.count], data: Float32Array.from(rowLengths(rows)) },
      ...(clusters && { clusters: { dtype: "int32", shape: [rows.count], data: clusters } }),
    };
    return { method: question.method, title, width: rows.width, sides, order, names, ...told, tensors };
  },
});

/** Points that were found lately: they take seconds to minutes, and a view may be left and come back to. */
const found = new WeakMap<Subject, Map<string, Points>>();
const KEPT = 16;

/** What was found before, or what `find` gives; what was stopped is not kept. */
async function remembered(subject: Subject, key: string, find: () => Promise<Points>): Promise<Points> {
  const kept = found.get(subject) ?? new Map<string, Points>();
  found.set(subject, kept);
  const points = kept.get(key) ?? (await find());
  kept.delete(key);
  kept.set(key, points);
  for (const oldest of kept.keys()) if (kept.size > KEPT) kept.delete(oldest);
  return points;
}

interface Points {
  readonly points: Float32Array;
  /** Of PCA: the share of all variance along each axis. */
  readonly shares?: readonly number[];
  /** Of t-SNE: what is lost, in nats, and while it fell. */
  readonly divergence?: number;
  readonly curve?: readonly { readonly iteration: number; readonly divergence: number }[];
  readonly perplexity?: number;
  readonly neighbors?: number;
}

async function pointsOf(rows: Rows, question: z.output<typeof input>, context: QueryContext): Promise<Points> {
  const { method, dimensions, iterations, seed } = question;
  const { progress, stop } = context;
  const work = {
    stop,
    progress: (done: number, total: number): void => progress?.(done, total, workNames[method]),
  };
  if (method === "pca") {
    const { points, shares } = await principalComponents(rows, dimensions, work);
    return { points, shares };
  }
  if (method === "tsne") {
    const perplexity = question.perplexity ?? defaultPerplexity(rows.count);
    return tsne(question.metric === "cosine" ? unitRows(rows) : rows, {
      ...work,
      dimensions,
      perplexity,
      iterations,
      seed,
    });
  }
  const { least, metric } = question;
  const neighbors = question.neighbors ?? Math.min(15, rows.count - 1);
  return { points: await umap(rows, { ...work, dimensions, neighbors, least, metric, iterations, seed }), neighbors };
}

const workNames = { pca: "principal components", tsne: "t-SNE", umap: "UMAP" } as const;
