import { InputError } from "../errors/index.ts";
import { drawCells, drawLegend, legendHeight, legendWidth } from "./heat-cells.ts";
import { readGrid, type GridValues, type HeatGrid, type ReadGrid } from "./heat-grid.ts";
import { drawColumnNames, drawRowNames } from "./heat-grid-svg.ts";
import { formatNumber } from "./number-text.ts";
import { element, figure, Palette, textElement, textWidth, type, type Svg } from "./svg.ts";

/** Several grids over the same tokens, such as the heads of every layer. */
export interface SmallMultiples extends Omit<HeatGrid, "values"> {
  /** In reading order; `name` such as "layer 1, head 2". */
  readonly panels: readonly { readonly name: string; readonly values: GridValues }[];
  /** Panels in a row, such as the number of heads; by default about as many across as down. */
  readonly perRow?: number;
}

const margin = 20;
const gap = 14;
const nameHeight = 16;

/**
 * Several heat grids with one scale in one SVG file, so that they can be compared: each is the same tokens by the same
 * tokens. Tokens are written at the left and at the top of the whole.
 * @throws InputError where there is no panel, or numbers do not fit the names.
 */
export function smallMultiplesSvg(plot: SmallMultiples): string {
  const reads = readPanels(plot);
  const first = reads[0]!;
  const perRow = Math.max(1, Math.min(plot.perRow ?? Math.ceil(Math.sqrt(reads.length)), reads.length));
  const cell = Math.min(16, Math.max(3, Math.floor(900 / (perRow * first.columns.length))));
  const size = Math.min(11, cell - 1);
  const named = cell >= 8;
  const [across, down] = [cell * first.columns.length, cell * first.rows.length];
  const left = margin + (named ? longest(first.rows, size) + 8 : 0);
  const top = margin + 30 + (named ? longest(first.columns, size) + 8 : 0);
  const palette = new Palette();
  const stepDown = nameHeight + down + gap;
  const body: Svg[] = [
    textElement("text", { x: margin, y: margin + 10, ...type("ink", 15), "font-weight": 600 }, plot.title),
  ];
  reads.forEach((read, i) => {
    const [x, y] = [left + (i % perRow) * (across + gap), top + Math.floor(i / perRow) * stepDown + nameHeight];
    const name = textElement("text", { x, y: y - 5, ...type("quiet", 11) }, plot.panels[i]!.name);
    const cells = drawCells(read, { x, y, cellWidth: cell, cellHeight: cell, palette });
    body.push(element("g", { class: "panel" }, [name, cells]));
    if (named && i % perRow === 0) body.push(drawRowNames(read.rows, { x: x - 6, y, cell, size }));
    if (named && i < perRow) body.push(drawColumnNames(read.columns, { x, y: top - 4, cell, size, turn: "upright" }));
  });
  const bottom = top + Math.ceil(reads.length / perRow) * stepDown;
  body.push(drawLegend(first, left, bottom + 4, palette));
  const width = Math.max(perRow * (across + gap) - gap, legendWidth(first), textWidth(plot.title, 16) - left + margin);
  const description = describe(plot, first);
  const height = bottom + 4 + legendHeight + margin / 2;
  return figure({ width: left + width + margin, height, title: plot.title, description, palette, body });
}

/** Every panel with the range that holds them all, and the count of missing values of all. */
function readPanels(plot: SmallMultiples): ReadGrid[] {
  if (plot.panels.length === 0)
    throw new InputError("A figure of several grids needs at least one panel; it has none.");
  const alone = plot.panels.map(({ values }) => readGrid({ ...plot, values }));
  const range = [Math.min(...alone.map(({ low }) => low)), Math.max(...alone.map(({ high }) => high))] as const;
  const missing = alone.reduce((sum, read) => sum + read.missing, 0);
  return plot.panels.map(({ values }) => ({ ...readGrid({ ...plot, values, range }), missing }));
}

function longest(names: readonly string[], size: number): number {
  return Math.max(...names.map((name) => Math.min(160, textWidth(name, size))));
}

function describe({ panels, rowTitle, columnTitle }: SmallMultiples, read: ReadGrid): string {
  const axes = `${rowTitle ?? "rows"} (${read.rows.length}) by ${columnTitle ?? "columns"} (${read.columns.length})`;
  return `${panels.length} heat maps, ${axes}, one scale from ${formatNumber(read.low)} to ${formatNumber(read.high)}.`;
}
