// docs/benchmarks.md from the results there are: tables, figures, goals. What stands below the marker is written by
// hand and kept.
import { lineChartSvg } from "heed/figures";
import { goals } from "./goals.mjs";
import { rows } from "./rows.mjs";
import { spread, timesAsFast } from "./statistics.mjs";

/** The page below this line is not rendered. */
export const BY_HAND = "<!-- Below this line everything is written by hand, and kept by npm run bench. -->";

/** The whole page; `before` is the page as it was, whose hand-written part goes on. Not yet formatted. */
export function page(results, before = "") {
  const at = before.indexOf(BY_HAND);
  const byHand = at < 0 ? "\n\n## Notes\n" : before.slice(at + BY_HAND.length);
  const sections = rows.flatMap(({ name, title }) => {
    const result = results.find(({ row }) => row === name);
    return [`## ${title}`, ...(result === undefined ? [notMeasured(name)] : section(result, results[0]))];
  });
  return `${[...head(results), ...goalTable(results), ...sections, BY_HAND].join("\n\n")}${byHand}`;
}

const notMeasured = (name) => `Not measured yet: \`npm run bench -- ${name}\`.`;

function head(results) {
  const [first] = results;
  const lines = [
    "# Benchmarks",
    "Heed beside its peers, in turn on one machine: each is a process of its own with two threads, and they work one " +
      "after the other, A B C A B C, so that a machine that drifts drifts for all. Numbers are medians over the rounds, " +
      "with the lowest and the highest; ratios are of medians. Above 1, Heed is faster.",
    "```sh\nnpm run bench              # all rows\nnpm run bench -- gpt floor # some of them; the others stay as they were\n```",
  ];
  return first === undefined ? lines : [...lines, machineTable(first)];
}

function machineTable({ machine, versions }) {
  const { processor, cores, extensions, memory, system } = machine;
  const about = [
    ["processor", `${processor}, ${cores} cores (${extensions.join(", ")})`],
    ["memory, system", `${memory}, ${system}`],
    ...Object.entries(versions),
  ];
  return table(["", ""], about);
}

function goalTable(results) {
  const judged = goals.map(({ goal, judge }) => [goal, ...judge(results)]);
  return ["## Goals", table(["goal", "met", "measured"], judged)];
}

function section(result, first) {
  const { date, command, seed, rounds, about = [], machine, versions } = result;
  const same = JSON.stringify([machine, versions]) === JSON.stringify([first.machine, first.versions]);
  const where = same ? [] : [`On ${differences(result, first)}.`];
  const when = `Measured on ${date} with \`${command}\`${rounds === undefined ? "" : `, ${rounds} rounds`}, seed ${seed}.`;
  return [[when, ...where, ...about].join(" "), ...result.parts.flatMap(part), ...missing(result.parts)];
}

/** What is not as the page's head says it. */
function differences({ machine, versions }, first) {
  const [ours, theirs] = [
    { ...machine, ...versions },
    { ...first.machine, ...first.versions },
  ];
  const changed = Object.keys(ours).filter((key) => JSON.stringify(ours[key]) !== JSON.stringify(theirs[key]));
  return changed.map((key) => `${key} ${String(ours[key])}`).join(", ");
}

function part(one) {
  const { title, about = [] } = one;
  const before = title === undefined ? [] : [`### ${title}`];
  const said = about.length === 0 ? [] : [about.join(" ")];
  if (one.kind === "facts") return [...before, ...said, table(one.columns, one.rows)];
  return [...before, ...said, ...(one.kind === "curve" ? curve(one) : [laneTable(one)])];
}

/** A table of lanes: each with its median, its spread, how many times as fast each of Heed's engines is, and more. */
function laneTable({ unit, better, lanes, columns = [], what = "times as fast" }) {
  const present = lanes.filter(({ values }) => values !== undefined);
  const ours = present.filter((lane) => lane.ours);
  const names = ours.map(({ name }) => `${name.replace("Heed, ", "")}: ${what}`);
  const body = present.map((lane) => {
    const { median, low, high } = spread(lane.values);
    const range = lane.values.length > 1 ? `${number(low)} – ${number(high)}` : "–";
    const ratios = ours.map((own) => (own === lane ? "1" : timesAsFast(own.values, lane.values, better).toFixed(2)));
    return [lane.name, number(median), range, ...ratios, ...columns.map((column) => shown(lane.cells?.[column]))];
  });
  return table(["", unit, "lowest – highest", ...names, ...columns], body);
}

/** The lanes that were not measured, each with its reason, and the parts that it concerns where it is not all. */
function missing(parts) {
  const withLanes = parts.filter(({ lanes }) => lanes !== undefined);
  const byLane = new Map();
  for (const { title, lanes } of withLanes) {
    for (const { name, missing: reason } of lanes) {
      if (reason === undefined) continue;
      const key = `${name} (${reason.replace(/\.$/, "")})`;
      byLane.set(key, [...(byLane.get(key) ?? []), title]);
    }
  }
  if (byLane.size === 0) return [];
  const said = [...byLane].map(([what, titles]) =>
    titles.length === withLanes.length ? what : `${what}, in ${titles.join("; ")}`,
  );
  return [`Not measured: ${said.join("; ")}.`];
}

/** The file of a curve's figure, beside the page. */
export const figurePath = ({ figure }) => `figures/bench-${figure}.svg`;

function curve({ title, axis, unit, x, lanes, figure }) {
  const present = lanes.filter(({ values }) => values !== undefined);
  const body = present.map(({ name, values }) => [name, ...values.map((point) => number(spread(point).median))]);
  const picture = `![${title}: ${unit} against ${axis}](${figurePath({ figure })})`;
  return [table([`${unit} at ${axis}`, ...x.map(String)], body), picture];
}

/** Figures of all curves: path beside the page to SVG. */
export function figures(results) {
  const curves = results.flatMap(({ parts }) => parts.filter(({ kind }) => kind === "curve"));
  return new Map(
    curves.map((one) => {
      const lanes = one.lanes.filter(({ values }) => values !== undefined);
      const series = lanes.map(({ name, values }) => ({ name, x: one.x, y: values.map((v) => spread(v).median) }));
      return [figurePath(one), lineChartSvg({ title: one.title, series, xTitle: one.axis, yTitle: one.unit })];
    }),
  );
}

/** Three digits that count, thousands with commas. */
export function number(value) {
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  const [whole, rest] = value.toFixed(Math.min(digits, 8)).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

const shown = (cell) => (cell === undefined ? "–" : typeof cell === "number" ? number(cell) : String(cell));

function table(columns, body) {
  const escape = (cell) => String(cell).replaceAll("|", "\\|");
  const line = (cells) => `| ${cells.map(escape).join(" | ")} |`;
  const numeric = columns.map(
    (_, at) => at > 0 && body.length > 0 && body.every((cells) => /^[\d–.,\s]+$/.test(cells[at])),
  );
  return [line(columns), line(numeric.map((right) => (right ? "---:" : "---"))), ...body.map(line)].join("\n");
}
