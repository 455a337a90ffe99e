/** From rows of instructions to tokens, and which of them are learned: those of the answers, and what ends these. */
import { instructionRow, parseTable, tableFormatOf, withInputs, type InstructionRow } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import { readJson, readLines, type ReadableFolder } from "../files/index.ts";
import { countedOf, type AnswerRow } from "../objectives/index.ts";
import { answerSpans, type TextSpan, type Tokenizer } from "../tokens/index.ts";
import type { PreviewRow } from "./pretrain-objective.ts";

/** What a model is asked, and what it should answer. */
export interface Question {
  readonly prompt: string;
  /** Whether the tokenizer adds its special tokens to the prompt: a chat template writes them itself. */
  readonly addSpecialTokens: boolean;
  readonly answer: string;
}

/** A row as a model learns from it. */
export interface InstructionExample extends AnswerRow {
  readonly questions: readonly Question[];
}

/** How rows are read. */
export interface InstructionReader {
  /** With a chat template. */
  readonly tokenizer: Tokenizer;
  /** Whether prompts go into an encoder and answers come out of a decoder. */
  readonly pairs: boolean;
  /** The most tokens of a row, or of each side. */
  readonly limit: number | undefined;
  /** The token that ends a completion. */
  readonly end: string;
}

/** Examples, and what had to be done to them. */
export interface ReadInstructions {
  readonly examples: readonly InstructionExample[];
  readonly rows: number;
  /** Examples whose end was cut off. */
  readonly cut: number;
  /** Examples of which no token to learn was left. */
  readonly leftOut: number;
  /** Answers whose first token begins in the prompt: the model, asked, will see other tokens there. */
  readonly joined: number;
  /** Answers that are not learned, because the template rewrites earlier turns. */
  readonly rewritten: number;
}

/**
 * Rows of files: JSON lines (or TSV and CSV with the names in the first row), or a JSON file that holds a list.
 * Throws InputError that names file and line.
 */
export async function readInstructions(files: ReadableFolder, paths: readonly string[]): Promise<InstructionRow[]> {
  const rows: InstructionRow[] = [];
  for (const path of paths) {
    const name = files.describe(path);
    if (/\.json(\.gz)?$/i.test(path)) {
      const values = await readJson(files, path);
      if (!Array.isArray(values))
        throw new InputError(`${name} holds no list of rows. Give one, or JSON lines (.jsonl).`);
      for (const [i, value] of values.entries()) {
        const entries = typeof value === "object" && value !== null ? Object.entries(value as object) : [];
        rows.push(instructionRow(new Map(entries), `${name}, row ${i + 1}`));
      }
      continue;
    }
    const lines: string[] = [];
    for await (const line of readLines(files, path)) lines.push(line);
    const table = parseTable(lines, tableFormatOf(path), name, ["instruction", "prompt"]);
    for (const { line, values } of table.rows) rows.push(instructionRow(values, `${name}, line ${line}`));
  }
  return rows;
}

/** All texts of rows, to train a tokenizer on. */
export function* instructionTexts(rows: readonly InstructionRow[]): Generator<string> {
  for (const row of rows) {
    if (row.kind === "completion") yield `${row.prompt}${row.completion}`;
    else for (const { content } of withInputs(row.messages)) yield ` ${String(content)}`;
  }
}

/** The examples of rows. Throws InputError where a chat template refuses a conversation, naming the row. */
export function instructionExamples(rows: readonly InstructionRow[], reader: InstructionReader): ReadInstructions {
  const count = { cut: 0, leftOut: 0, joined: 0, rewritten: 0 };
  const examples = rows.flatMap((row, i) => {
    try {
      return (reader.pairs ? pairsOf(row, reader) : textsOf(row, reader)).flatMap((made) => {
        const whole = cutAt(made.example);
        const cut = cutAt(whole, reader.limit);
        const learned = countedOf(cut);
        count.joined += made.joined;
        count.rewritten += made.rewritten;
        if (learned === 0) count.leftOut++;
        else if (lengthOf(cut) < lengthOf(whole)) count.cut++;
        return learned === 0 ? [] : [cut];
      });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(`Row ${i + 1}: ${error.message}`, { cause: error });
    }
  });
  return { examples, rows: rows.length, ...count };
}

const lengthOf = ({ ids, source = [] }: AnswerRow): number => ids.length + source.length;

/** For people: what was read, what was cut off and left out, and why. */
export function instructionSummary(read: ReadInstructions): string[] {
  const { examples, rows, cut, leftOut, joined, rewritten } = read;
  const tokens = examples.reduce((sum, { ids }) => sum + ids.length, 0);
  const learned = examples.reduce((sum, example) => sum + countedOf(example), 0);
  const lengths = examples.map(({ ids, source = [] }) => Math.max(ids.length, source.length)).sort((a, b) => a - b);
  const lines = [
    `${rows} rows, ${tokens} tokens, of which ${learned} are answers that are learned ` +
      `(${((100 * learned) / Math.max(tokens, 1)).toFixed(1)} %)`,
    `tokens a row: median ${lengths[Math.floor(lengths.length / 2)] ?? 0}, longest ${lengths.at(-1) ?? 0}`,
  ];
  if (cut > 0) lines.push(`${cut} rows are cut off at the end.`);
  if (leftOut > 0) lines.push(`${leftOut} rows are left out: nothing of their answers fits.`);
  if (rewritten > 0) lines.push(`${rewritten} earlier answers do not count, because the chat template rewrites them.`);
  if (joined > 0) {
    lines.push(
      `${joined} answers begin inside a token of the prompt. Asked, the model sees other tokens there: end prompts ` +
        "without a blank, or with a line end.",
    );
  }
  return lines;
}

interface Made {
  readonly example: InstructionExample;
  readonly joined: number;
  readonly rewritten: number;
}

/** A decoder reads the whole row. */
function textsOf(row: InstructionRow, { tokenizer, end }: InstructionReader): Made[] {
  if (row.kind === "completion") {
    const { prompt, completion } = row;
    const span = { start: prompt.length, end: prompt.length + completion.length + end.length };
    const marked = withBeginning(markedTokens(tokenizer, `${prompt}${completion}${end}`, [span], true), tokenizer);
    const questions = [{ prompt, addSpecialTokens: true, answer: completion }];
    return [{ example: { ...marked, questions }, joined: marked.joined, rewritten: 0 }];
  }
  const messages = readable(row.messages, tokenizer);
  const { text, answers, rewritten } = answerSpans(tokenizer, messages);
  const marked = markedTokens(tokenizer, text, answers, false);
  const questions = answers.map(({ start, turn }) => {
    return { prompt: text.slice(0, start), addSpecialTokens: false, answer: String(messages[turn]!.content) };
  });
  return [{ example: { ...marked, questions }, joined: marked.joined, rewritten }];
}

/** An encoder reads what stands in front of an answer, and the decoder writes it: an example for each answer. */
function pairsOf(row: InstructionRow, { tokenizer }: InstructionReader): Made[] {
  const pair = (prompt: string, addSpecialTokens: boolean, answer: string): Made => {
    const source = [...tokenizer.ids(prompt, { addSpecialTokens })];
    const ids = [...tokenizer.target.ids(answer)];
    const questions = [{ prompt, addSpecialTokens, answer }];
    return { example: { source, ids, counts: ids.map(() => true), questions }, joined: 0, rewritten: 0 };
  };
  if (row.kind === "completion") return [pair(row.prompt, true, row.completion)];
  const messages = readable(row.messages, tokenizer);
  return messages.flatMap(({ role, content }, turn) => {
    if (role !== "assistant") return [];
    const prompt = tokenizer.chat(messages.slice(0, turn), { addGenerationPrompt: true });
    return [pair(prompt.trimEnd(), true, String(content))];
  });
}

type Messages = Extract<InstructionRow, { kind: "conversation" }>["messages"];

/** Inputs under a key of their own are for templates that read them there. */
function readable(messages: Messages, { parts: { chatTemplate } }: Tokenizer): Messages {
  const own = typeof chatTemplate === "string" && chatTemplate.includes("message.input");
  return own ? messages : withInputs(messages);
}

/**
 * The tokens of a text; those count that hold a character of one of the spans. Those that the tokenizer adds do not.
 * `joined`: how many spans begin inside a token.
 */
export function markedTokens(
  tokenizer: Tokenizer,
  text: string,
  spans: readonly TextSpan[],
  addSpecialTokens: boolean,
): AnswerRow & { readonly joined: number } {
  const { ids, offsets, specialTokensMask, sequenceIds } = tokenizer.encode(text, { addSpecialTokens });
  const added = (t: number): boolean => specialTokensMask[t] === 1 && sequenceIds[t] === undefined;
  const inside = ([start, end]: readonly [number, number], span: TextSpan): boolean =>
    start === end ? start >= span.start && start < span.end : start < span.end && end > span.start;
  const counts = offsets.map((offset, t) => !added(t) && spans.some((span) => inside(offset, span)));
  const joined = spans.filter(({ start: at }) =>
    offsets.some(([start, end], t) => !added(t) && start < at && end > at),
  ).length;
  return { ids, counts, joined };
}

/** A text that begins with what is to be learned gets the token that begins texts, so that something stands in front. */
function withBeginning<R extends AnswerRow>(row: R, { special }: Tokenizer): R {
  const begin = special.bos?.id ?? special.eos?.id;
  if (row.counts[0] !== true || begin === undefined) return row;
  return { ...row, ids: [begin, ...row.ids], counts: [false, ...row.counts] };
}

/** What is behind the last token that counts is of no use; what is beyond the limit is cut off. */
function cutAt(example: InstructionExample, limit = Infinity): InstructionExample {
  const { ids, counts, source } = example;
  const end = Math.min(counts.lastIndexOf(true) + 1, limit);
  return { ...example, ids: ids.slice(0, end), counts: counts.slice(0, end), source: source?.slice(0, limit) };
}

/** An example as a model reads it, with what it learns to write; of an encoder's source nothing is learned. */
export function instructionPreview({ ids, counts, source }: InstructionExample, tokenizer: Tokenizer): PreviewRow {
  const shown = (id: number): string => tokenizer.idToToken(id) ?? `#${id}`;
  const tokens = ids.map(shown);
  if (source !== undefined) return { original: source.map(shown), input: source.map(shown), targets: tokens };
  // Nothing stands in front of the first token that could tell it.
  return {
    original: tokens,
    input: tokens,
    targets: tokens.map((token, t) => (t > 0 && counts[t] ? token : undefined)),
  };
}
