export type { ChartOptions } from "./live-chart.ts";
export type { Update } from "./pace.ts";
export { createProgress, type Progress, type ProgressOptions } from "./progress.ts";
export { colorDepthOf, widthOf, type Environment, type TextStream } from "./stream.ts";
export { markdownTable, table, type Cell, type TableOptions } from "./table.ts";
