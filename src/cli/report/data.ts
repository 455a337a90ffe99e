/** What a report shows: answers of the queries, taken once. */
import { ask, queries, type AnswerOf, type ReadingInput, type Subject } from "../../inspect/index.ts";
import { alignedHeads, countParameters, type AlignedHead, type ParameterCounts } from "../../insight/index.ts";
import type { HostTensor } from "../../onnx/index.ts";

/** The attention of one layer. */
export interface ReportLayer {
  /** [heads, rows, columns], shrunk where `shrunk` says so. */
  readonly weights: HostTensor;
}

/** The layers of one kind of attention. */
export interface ReportGroup {
  readonly title: string;
  readonly rowTitle: string;
  readonly columnTitle: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly layers: readonly ReportLayer[];
  readonly heads: number;
  /** Whether each cell stands for several: its largest weight is shown. */
  readonly shrunk: boolean;
}

export interface ReportData {
  readonly text: string;
  readonly summary: AnswerOf<"summary">;
  readonly reading: AnswerOf<"reading">;
  readonly outcome: AnswerOf<"outcome">;
  readonly groups: readonly ReportGroup[];
  readonly parameters: ParameterCounts;
  /** Of cross-attention, the head that looks most like an alignment. */
  readonly aligned: (AlignedHead & { readonly layer: number; readonly group: ReportGroup }) | undefined;
}

/** Beyond so many weights in a report, maps are shrunk. */
const MOST = 3_000_000;
/** The rows and columns of a map that was shrunk. */
const CELLS = 96;

/** What an axis is called. */
export const sideNames = { text: "text", source: "source", target: "written", image: "patch" } as const;

/** Asks all that a report shows. Throws InputError as the queries do. */
export async function reportData(subject: Subject, given: Partial<ReadingInput>): Promise<ReportData> {
  const [summary, reading] = [await ask(queries.summary, subject, {}), await ask(queries.reading, subject, given)];
  const groups: ReportGroup[] = [];
  const size = (labels: readonly string[] | undefined): number => labels?.length ?? 0;
  const total = summary.attention.reduce(
    (sum, { layers, heads, queries: q, keys: k }) =>
      sum + layers * heads * size(reading.axes[q]?.labels) * size(reading.axes[k]?.labels),
    0,
  );
  for (const { name, title, queries: q, keys: k, layers, heads } of summary.attention) {
    const [rows, columns] = [reading.axes[q]!.labels, reading.axes[k]!.labels];
    const shrunk = total > MOST && Math.max(rows.length, columns.length) > CELLS;
    const found: ReportLayer[] = [];
    for (let layer = 0; layer < layers; layer++) {
      const question = { ...given, group: name, layer, ...(shrunk && { cells: CELLS }) };
      found.push({ weights: (await ask(queries.attention, subject, question)).tensors.weights });
    }
    groups.push({
      title,
      rowTitle: sideNames[q],
      columnTitle: sideNames[k],
      rows,
      columns,
      layers: found,
      heads,
      shrunk,
    });
  }
  const outcome = await ask(queries.outcome, subject, given);
  const cross = groups[summary.attention.findIndex(({ name }) => name === "crossAttentions")];
  return {
    ...{ text: given.text ?? "", summary, reading, outcome, groups },
    parameters: countParameters(subject.parameters.specs),
    aligned: cross === undefined || cross.shrunk ? undefined : bestHead(cross),
  };
}

function bestHead(group: ReportGroup): ReportData["aligned"] {
  const best = group.layers.map(({ weights }, layer) => ({ ...alignedHeads(weights)[0]!, layer, group }));
  return best.sort((a, b) => b.score - a.score)[0];
}
