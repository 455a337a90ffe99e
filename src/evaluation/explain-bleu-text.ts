/** The steps of BLEU as text, in the order in which a lecture writes them on the board. */
import type { BleuExplanation, ExplainedOrder, ExplainedPrecision, ExplainedSentence } from "./explain-bleu.ts";
import { fixed } from "./score-line.ts";

/** The explanation as lines of plain text: tokens and n-grams of the first sentences, then the corpus's arithmetic. */
export function formatBleuExplanation(explanation: BleuExplanation): string {
  const { segments, references, sentences, tokenize, lowercase } = explanation;
  return [
    `BLEU of ${plural(segments, "sentence")} against ${plural(references, "reference")}${segments > 1 ? " each" : ""}, ` +
      `tokenization ${tokenize}, ${lowercase ? "lower-cased" : "case kept"}`,
    ...sentences.flatMap((sentence, index) => ["", ...sentenceLines(sentence, index + 1)]),
    ...(segments > sentences.length && sentences.length > 0
      ? ["", `… and ${plural(segments - sentences.length, "more sentence")}, counted in what follows`]
      : []),
    "",
    ...precisionLines(explanation),
    "",
    ...penaltyLines(explanation),
    "",
    ...meanLines(explanation),
    "",
    explanation.line,
    explanation.signature,
  ].join("\n");
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function sentenceLines(sentence: ExplainedSentence, number: number): string[] {
  const texts = [sentence.hypothesis, ...sentence.references];
  const labels = texts.map((_, index) => (index === 0 ? "hypothesis" : `reference ${index}`));
  const rows = texts.map((tokens, index) => [labels[index]!, tokens.join(" "), plural(tokens.length, "token")]);
  return [
    `Sentence ${number}`,
    ...table(rows, [false, false, true]),
    ...sentence.orders.flatMap((order) => ["", ...orderLines(order, sentence.references.length)]),
  ];
}

function orderLines({ order, ngrams, matched, total }: ExplainedOrder, references: number): string[] {
  if (total === 0) return [`  ${order}-grams: none, the hypothesis is shorter than ${plural(order, "token")}`];
  const one = references === 1;
  const header = [
    `${order}-gram`,
    "hypothesis",
    ...(one ? ["reference"] : Array.from({ length: references }, (_, index) => `reference ${index + 1}`)),
    ...(one ? [] : ["most"]),
    "clipped",
  ];
  const rows = ngrams.map(({ ngram, count, inReferences, most, clipped }) =>
    [ngram, count, ...inReferences, ...(one ? [] : [most]), clipped].map(String),
  );
  const blanks = Array.from({ length: one ? 1 : references + 1 }, () => "");
  return table(
    [header, ...rows, ["sum", String(total), ...blanks, String(matched)]],
    header.map((_, column) => column > 0),
  ).concat(`  clipped precision ${matched}/${total}`);
}

/** Lines of padded columns, two spaces before and between; `right` says which columns are numbers. */
function table(rows: readonly (readonly string[])[], right: readonly boolean[]): string[] {
  const widths = right.map((_, column) => Math.max(...rows.map((row) => Array.from(row[column]!).length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const space = " ".repeat(widths[column]! - Array.from(cell).length);
      return right[column]! ? space + cell : cell + space;
    });
    return `  ${cells.join("  ")}`.trimEnd();
  });
}

function precisionLines({ precisions }: BleuExplanation): string[] {
  const lines = precisions.map((precision) => `  p${precision.order} = ${precisionText(precision)}`);
  return ["Precisions: clipped matches / n-grams of the hypotheses", ...lines];
}

function precisionText({ matched, total, numerator, denominator, smoothed, precision }: ExplainedPrecision): string {
  if (denominator === 0) return "0/0: the output is too short to have any";
  const fraction = `${matched}/${total}`;
  const used = smoothed ? `${fraction}, smoothed to ${short(numerator)}/${short(denominator)}` : fraction;
  return `${used} = ${fixed(precision, 2)} %`;
}

function short(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}

function penaltyLines({ systemLength: c, referenceLength: r, brevityPenalty }: BleuExplanation): string[] {
  const lengths = `  c = ${plural(c, "token")} of the hypotheses, r = ${r} of the references (nearest in length, sentence by sentence)`;
  if (c >= r) return ["Brevity penalty", lengths, "  c >= r: BP = 1"];
  if (c === 0) return ["Brevity penalty", lengths, "  c = 0: BP = 0"];
  return ["Brevity penalty", lengths, `  c < r: BP = exp(1 - r/c) = exp(1 - ${r}/${c}) = ${fixed(brevityPenalty, 4)}`];
}

function meanLines(explanation: BleuExplanation): string[] {
  const { precisions, averagedOrders, geometricMean, brevityPenalty, score } = explanation;
  const used = precisions.slice(0, averagedOrders);
  const names = used.map(({ order }) => `p${order}`).join(" · ");
  const values = used.map(({ precision }) => fixed(precision / 100, 4)).join(" · ");
  const power = averagedOrders === 1 ? "" : `^(1/${averagedOrders})`;
  const left = precisions.length - averagedOrders;
  return [
    `Geometric mean${left > 0 ? ` of the first ${plural(averagedOrders, "order")}: the output is too short for longer n-grams` : ""}`,
    `  (${names})${power} = (${values})${power} = ${fixed(geometricMean / 100, 4)}`,
    ...(geometricMean > 0 ? [] : [`  ${whyZero(precisions)}`]),
    "",
    `BLEU = BP · mean · 100 = ${fixed(brevityPenalty, 4)} · ${fixed(geometricMean / 100, 4)} · 100 = ${fixed(score, 2)}`,
  ];
}

function whyZero(precisions: readonly ExplainedPrecision[]): string {
  return precisions.every(({ matched }) => matched === 0)
    ? "no n-gram matches at all, so nothing is smoothed and the mean is 0"
    : "one precision is 0, so the mean is 0";
}
