/** A report as one HTML file: pictures, numbers and script in it, and nothing that is fetched. */
import { barChartSvg, escapeXml, formatCount, heatGridSvg, scaleColor, type Mode } from "../../figures/index.ts";
import type { HostTensor } from "../../onnx/index.ts";
import type { Side } from "../../insight/index.ts";
import { sideNames, type ReportData, type ReportGroup } from "./data.ts";
import { reportScript } from "./script.ts";
import { reportStyle } from "./style.ts";

/** The page; `made` says by what it was made. */
export function reportPage(data: ReportData, made: string): string {
  const { summary, text } = data;
  const title = `${summary.place?.split("/").at(-1) ?? summary.className}: “${text}”`;
  const parts = [
    `<h1>${escapeXml(title)}</h1>`,
    about(data),
    answers(data),
    tokens(data),
    ...data.groups.map((group, i) => attention(group, i, data)),
    parameters(data),
    `<h2>Config</h2><details><summary>All settings</summary><pre>${escapeXml(JSON.stringify(summary.config, null, 2))}</pre></details>`,
    `<p class="quiet">Attention says where a head looks, not why the model answers as it does. Made by ${escapeXml(made)}.</p>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${escapeXml(title)}</title>
<link rel="icon" href="data:,">
<style>${reportStyle}</style>
</head>
<body>
<main>
${parts.join("\n")}
</main>
<script type="application/json" id="numbers">${numbers(data)}</script>
<script>${reportScript}</script>
</body>
</html>
`;
}

/** What the script draws. A "<" in a token must not end the script. */
function numbers({ groups }: ReportData): string {
  const shown = groups.map(({ layers, ...rest }) => ({
    ...rest,
    layers: layers.map(({ weights }) => ({ shape: weights.shape, data: base64(bytesOf(weights)) })),
  }));
  const colors = { light: base64(colorTable("light")), dark: base64(colorTable("dark")) };
  return JSON.stringify({ groups: shown, colors }).replaceAll("<", "\\u003c");
}

/** 256 colors of the scale, red, green and blue. */
function colorTable(mode: Mode): Uint8Array {
  return Uint8Array.from({ length: 768 }, (_, i) =>
    Math.round(scaleColor("sequential", mode, Math.floor(i / 3) / 255)[i % 3]!),
  );
}

const bytesOf = ({ data }: HostTensor): Uint8Array =>
  new Uint8Array(Float32Array.from(data as ArrayLike<number>).buffer);

function base64(bytes: Uint8Array): string {
  let letters = "";
  for (let i = 0; i < bytes.length; i += 8192) letters += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(letters);
}

type Rows = readonly (readonly (string | number)[])[];

function table(columns: readonly string[], rows: Rows): string {
  const line = (cells: readonly (string | number)[], name: string): string =>
    `<tr>${cells.map((cell) => `<${name}>${escapeXml(String(cell))}</${name}>`).join("")}</tr>`;
  const head = columns.length === 0 ? "" : `<thead>${line(columns, "th")}</thead>`;
  return `<div class="scroll"><table>${head}<tbody>${rows.map((row) => line(row, "td")).join("")}</tbody></table></div>`;
}

function about({ summary }: ReportData): string {
  const { className, modelType, task, parameters, attention, longest, vocabulary } = summary;
  const rows: (readonly [string, string])[] = [
    ["model", `${className} (${modelType})`],
    ["for", task],
    ["parameters", `${parameters.toLocaleString("en")} (${formatCount(parameters)})`],
    ...attention.map(({ title, layers, heads }) => [title, `${layers} layers of ${heads} heads`] as const),
    ...(vocabulary === null ? [] : [["vocabulary", vocabulary.toLocaleString("en")] as const]),
    ...(longest === null ? [] : [["reads at most", `${longest} tokens`] as const]),
  ];
  return table([], rows);
}

/** A translation with the head that looks most like an alignment, or the likeliest tokens or classes. */
function answers({ text, summary, reading, outcome, aligned }: ReportData): string {
  const parts: string[] = [];
  if (reading.target !== undefined) {
    const name = summary.translator ? "Translation" : "Written";
    parts.push(`<h2>${name}</h2><p>${escapeXml(text)}<br>→ <strong>${escapeXml(reading.target)}</strong></p>`);
  }
  if (aligned !== undefined) {
    const { group, layer, head, focus, coverage } = aligned;
    const weights = group.layers[layer]!.weights;
    const size = group.rows.length * group.columns.length;
    const title = `Layer ${layer + 1}, head ${head + 1}: the head that looks most like an alignment`;
    const values = (weights.data as Float32Array).subarray(head * size, (head + 1) * size);
    const { rows, columns, rowTitle, columnTitle } = group;
    const svg = heatGridSvg({ title, rows, columns, values, rowTitle, columnTitle, range: [0, 1] });
    const said = `Its largest weights are ${focus.toFixed(2)} in the mean, in ${Math.round(100 * coverage)} % of the columns that they could lie in. Nobody has aligned these words by hand: it is a guess from the weights.`;
    parts.push(`<div class="scroll">${svg}</div><p class="quiet">${said}</p>`);
  }
  if (outcome.top.length > 0 && aligned === undefined) {
    const bars = outcome.top.map(({ label, probability }) => ({ name: label, value: probability }));
    const title = outcome.places > 1 ? `The likeliest at place ${outcome.position + 1}` : "The likeliest";
    const rows = outcome.top.map(({ label, id, probability, logit }) => [label, id, probability, logit]);
    parts.push(
      `<h2>What comes out</h2><div class="scroll">${barChartSvg({ title, bars })}</div>`,
      `<details><summary>Numbers</summary>${table(["token", "id", "probability", "logit"], rows)}</details>`,
    );
  }
  return parts.join("\n");
}

function tokens({ reading }: ReportData): string {
  const shown = Object.entries(reading.axes).map(([side, axis]) => {
    const chips = axis.labels.map((label) => `<span class="token">${escapeXml(label)}</span>`).join("");
    const ids =
      axis.ids.length === 0
        ? ""
        : `<details><summary>Ids</summary>${table(
            ["token", "id"],
            axis.labels.map((label, i) => [label, axis.ids[i]!]),
          )}</details>`;
    return `<h3>${sideNames[side as Side]}, ${axis.labels.length} tokens</h3><div class="row">${chips}</div>${ids}`;
  });
  return `<h2>What it reads</h2>${shown.join("")}`;
}

function attention(group: ReportGroup, index: number, { aligned }: ReportData): string {
  const { title, layers, heads, shrunk } = group;
  const [layer, head] = aligned?.group === group ? [aligned.layer, aligned.head] : [0, 0];
  const tabs = layers.map(
    (_, i) =>
      `<button type="button" role="tab" id="tab-${index}-${i}" aria-controls="layer-${index}-${i}">Layer ${i + 1}</button>`,
  );
  const panels = layers.map((_, i) => {
    const buttons = Array.from(
      { length: heads },
      (__, h) =>
        `<button type="button" aria-label="Layer ${i + 1}, head ${h + 1}"><canvas aria-hidden="true"></canvas>head ${h + 1}</button>`,
    );
    return `<div class="layer" role="tabpanel" id="layer-${index}-${i}" aria-labelledby="tab-${index}-${i}"><h3>Layer ${i + 1}</h3><div class="heads">${buttons.join("")}</div></div>`;
  });
  const note = shrunk ? `<p class="quiet">Large maps are shrunk: each cell is the largest of its weights.</p>` : "";
  return `<section data-group="${index}" data-layer="${layer}" data-head="${head}"><h2>${escapeXml(title[0]!.toUpperCase() + title.slice(1))}</h2>${note}
<div class="row controls" role="tablist" aria-label="Layers">${tabs.join("")}</div>
${panels.join("\n")}
<noscript><p>The maps are drawn by the script in this page.</p></noscript>
<label class="controls"><input type="checkbox"> numbers in the cells</label>
<output></output><div class="large scroll"></div></section>`;
}

function parameters({ parameters: { parts, total } }: ReportData): string {
  const bars = parts.map(({ part, count, times, each }) => ({
    name: part,
    value: count,
    note: times === 1 ? "" : `${times} × ${formatCount(each)}`,
  }));
  const title = `${formatCount(total)} parameters, by part`;
  const rows = parts.map(({ part, times, each, count, share }) => [part, times, each, count, share]);
  return `<h2>Parameters</h2><div class="scroll">${barChartSvg({ title, bars, format: formatCount })}</div>
<details><summary>Numbers</summary>${table(["part", "times", "each", "together", "share"], rows)}</details>`;
}
