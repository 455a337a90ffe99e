import { expect, it } from "vitest";
import { confusionMatrix, reliabilityBins } from "../../src/evaluation/index.ts";
import { confusionGrid, heatGridText, lineChartText, reliabilityChart } from "../../src/figures/index.ts";

it("a confusion matrix has a row for each class that was due, in shares", () => {
  const matrix = confusionMatrix(["a", "a", "a", "a", "b"], ["a", "a", "a", "b", "b"], ["a", "b", "c"]);
  expect(heatGridText({ ...confusionGrid(matrix), showValues: true })).toMatchInlineSnapshot(`
    "Confusion matrix: shares of the examples of each class
    rows: gold class (examples); columns: predicted

          a     b     c
    a (4) ▓ .75 ░ .25 · .00
    b (1) · .00 █ 1.0 · .00
    c (0) ?     ?     ?

    0 ·░▒▓█ 1   ? 3 values are not finite numbers"
  `);
});

it("a reliability diagram leaves out empty bins, and shows the ideal", () => {
  const bins = reliabilityBins([0.55, 0.65, 0.65, 0.95, 0.95], [1, 0, 1, 1, 1]);
  const chart = reliabilityChart(bins);
  expect(chart.series[1]).toMatchObject({ x: [0.55, 0.65, 0.95], y: [1, 0.5, 1] });
  expect(lineChartText(chart)).toContain("o model   share right by probability");
});
