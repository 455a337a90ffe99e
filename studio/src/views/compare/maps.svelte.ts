/** The reading and the weights of one side's head, asked for as the selection changes. */
import { asked } from "../../state/asked.svelte.ts";
import { isReady, type Selection, type Summary, type ViewContext } from "../../state/studio.svelte.ts";
import { axesOf, groupOf, type Axes } from "../attention/axes.ts";

/** The map of one head. */
export interface Side {
  readonly axes: Axes | undefined;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** [rows, columns] */
  readonly values: Float32Array | undefined;
  readonly layer: number;
  readonly head: number;
  readonly loading: boolean;
  readonly error: Error | undefined;
}

/** To be called while a component is made. */
export function sideOf(context: ViewContext, selection: Selection, summary: () => Summary): Side {
  const group = $derived(groupOf(summary(), selection));
  const ready = $derived(isReady(summary(), selection));
  const layer = $derived(Math.min(selection.layer, group.layers - 1));
  const head = $derived(Math.min(selection.head, group.heads - 1));
  const model = (): string | undefined => selection.model;
  const reading = asked(context, "reading", () => (ready ? selection.reading : undefined), { model });
  const found = asked(
    context,
    "attention",
    () => (ready ? { ...selection.reading, group: group.name, layer, head } : undefined),
    { model },
  );
  const axes = $derived(axesOf(group, reading.value));
  const weights = $derived(found.value?.tensors.weights);
  const rows = $derived(axes?.queries.labels ?? []);
  const columns = $derived(axes?.keys.labels ?? []);
  const values = $derived(
    weights?.shape[1] === rows.length && weights.shape[2] === columns.length
      ? (weights.data as Float32Array)
      : undefined,
  );
  return {
    get axes() {
      return axes;
    },
    get rows() {
      return rows;
    },
    get columns() {
      return columns;
    },
    get values() {
      return values;
    },
    get layer() {
      return layer;
    },
    get head() {
      return head;
    },
    get loading() {
      return reading.loading || found.loading;
    },
    get error() {
      return reading.error ?? found.error;
    },
  };
}
