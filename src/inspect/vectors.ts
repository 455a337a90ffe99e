/** Vectors to look at: rows of the table of tokens, hidden states of texts, or a mean for each text. */
import { z } from "zod";
import { InputError, nearest } from "../errors/index.ts";
import {
  hiddenGroups,
  meanRow,
  pickRows,
  rowsOf,
  tokenRows,
  tokenTables,
  type HiddenGroup,
  type Rows,
  type Side,
  type TokenTable,
} from "../insight/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Tokenizer } from "../tokens/index.ts";
import { read, readingInput, type Axis } from "./reading.ts";
import { readInputs, type Subject } from "./subject.ts";
import { TokenNames, type FrequencyOrder, type TokenKind } from "./token-kinds.ts";

const whole = z.int().nonnegative();

/** Which vectors. */
export const vectorsInput = z.discriminatedUnion("of", [
  z.strictObject({
    of: z.literal("table"),
    /** Of a model with two: "source" or "target". Default: the first. */
    side: z.enum(["text", "source", "target"]).optional(),
    /** The so many most frequent tokens, as far as the vocabulary tells; of Unigram by score, else by their order. */
    most: z.int().positive().optional(),
    /** These words: of a word that is several tokens, all of them. */
    words: z.array(z.string()).optional(),
    /** These tokens. */
    ids: z.array(whole).optional(),
  }),
  z.strictObject({
    of: z.literal("hidden"),
    readings: z.array(readingInput).min(1),
    /** 0 is what goes into the first layer. Default: the last. */
    layer: whole.optional(),
    /** Of a model with several stacks: `encoderHiddenStates`, say. Default: the first. */
    states: z.string().optional(),
    /** One vector for each reading, the mean of its tokens. */
    mean: z.boolean().default(false),
  }),
]);
export type VectorsInput = z.output<typeof vectorsInput>;

/** One vector's name. */
export interface VectorName {
  readonly label: string;
  /** Of a token. */
  readonly id?: number | undefined;
  readonly kind: TokenKind | "token" | "patch" | "text";
  /** Of a hidden state: which reading, and which place in it. */
  readonly reading?: number | undefined;
  readonly place?: number | undefined;
}

/** Vectors with their names. */
export interface Vectors {
  readonly rows: Rows;
  readonly name: (row: number) => VectorName;
  /** What they are, in words. */
  readonly title: string;
  /** Which tokens they stand for: those of the text, of source or target, or patches. */
  readonly sides: readonly Side[];
  /** The row of a token; undefined where it is not among them. */
  readonly rowOf: (id: number) => number | undefined;
  /** The tokenizer of a table, where there is one. */
  readonly tokenizer?: Tokenizer | undefined;
  /** How `most` told what is frequent. */
  readonly order?: FrequencyOrder | undefined;
}

/** The vectors that are asked for; of a table all rows, where nothing and no `most` says which. */
export function vectorsOf(subject: Subject, given: VectorsInput, most?: number): Promise<Vectors> {
  return given.of === "table" ? tableVectors(subject, given, most) : hiddenVectors(subject, given);
}

async function tableVectors(
  subject: Subject,
  { side, words = [], ids = [], most: asked }: Extract<VectorsInput, { of: "table" }>,
  most?: number,
): Promise<Vectors> {
  const table = tableOf(subject, side);
  const all = await allRows(subject, table);
  const tokenizer = table.sides.includes("source") ? subject.tokenizer : subject.tokenizer?.target;
  const names = tokenizer === undefined ? undefined : new TokenNames(tokenizer);
  const name = (id: number): VectorName => ({ id, ...(names?.of(id) ?? { label: `#${id}`, kind: "token" }) });
  const title = `token vectors${table.sides.length > 1 || table.sides[0] === "text" ? "" : ` of the ${table.sides[0]!}`}`;
  const named = [...words.flatMap((word) => tokensOf(word, tokenizer)), ...ids];
  const wanted = asked ?? (named.length === 0 ? most : 0);
  if (wanted === undefined) {
    const rowOf = (id: number): number | undefined => (id < all.count ? id : undefined);
    return { rows: all, name, title, sides: table.sides, rowOf, tokenizer };
  }
  const { ids: frequent, order } = names?.byFrequency() ?? { ids: Array.from({ length: all.count }, (_, i) => i), order: "id" as const }; // prettier-ignore
  const chosen = [...new Set([...named, ...frequent.slice(0, wanted)])].filter((id) => id < all.count);
  if (chosen.length === 0) throw new InputError(`None of the ids is below ${all.count}, the rows of the table.`);
  const places = new Map(chosen.map((id, row) => [id, row]));
  return {
    rows: pickRows(all, chosen),
    name: (row) => name(chosen[row]!),
    title,
    sides: table.sides,
    rowOf: (id) => places.get(id),
    tokenizer,
    order,
  };
}

function tableOf({ architecture, parameters }: Subject, side?: string): TokenTable {
  const tables = tokenTables(architecture, parameters);
  const found = side === undefined ? tables[0] : tables.find(({ sides }) => sides.some((one) => one === side));
  if (found !== undefined) return found;
  const sides = tables.flatMap((table) => table.sides);
  throw new InputError(
    sides.length === 0
      ? `${architecture.className} reads no tokens, so it has no vectors for them. Look at its hidden states.`
      : `${architecture.className} has no token vectors of the ${side ?? ""}; it has those of ${sides.join(", ")}.`,
  );
}

async function allRows({ traces, model, parameters }: Subject, table: TokenTable): Promise<Rows> {
  const { data } = await traces.of(`token table ${table.name} ${parameters.version}`, async () => {
    const { values, count, width } = await tokenRows(model, table);
    return { dtype: "float32", shape: [count, width], data: values };
  });
  return rowsOf(data as Float32Array, table.width);
}

/** The tokens of a word: one, where the vocabulary has it as a word, or as it stands inside of a text. */
export function tokensOf(word: string, tokenizer: Tokenizer | undefined): number[] {
  if (tokenizer === undefined) {
    throw new InputError(`This model has no tokenizer to look up "${word}" with. Give ids.`);
  }
  const { model } = tokenizer.parts;
  const own = tokenizer.tokenToId(word);
  const ways = [
    ...[` ${word}`, word].map((text) => [...tokenizer.ids(text, { addSpecialTokens: false })]),
    ...(own === undefined ? [] : [[own]]),
  ].filter((ids) => ids.length > 0 && !ids.includes(model.unknownId ?? -1));
  const [best] = ways.sort((a, b) => a.length - b.length);
  if (best !== undefined) return best;
  const near = nearest(word, [...model.vocabulary.keys()]);
  const hint = near === undefined ? "Try another word." : `Did you mean "${near}"?`;
  throw new InputError(`The vocabulary cannot write "${word}". ${hint}`);
}

/** What a word's vector is made of: its token's row, or the mean of its tokens' rows. */
export interface WordVector {
  readonly word: string;
  readonly vector: Float32Array;
  readonly tokens: readonly VectorName[];
  /** The rows that are left out where the word itself must not be found. */
  readonly rows: readonly number[];
}

/** The vector of a word among others. Throws InputError for a word that cannot be written, or is not among them. */
export function wordVector({ rows, name, rowOf, tokenizer }: Vectors, word: string): WordVector {
  const places = tokensOf(word, tokenizer).map(rowOf);
  const found = places.filter((place) => place !== undefined);
  if (found.length < places.length || found.length === 0) throw new InputError(`"${word}" is not among the vectors.`);
  const vector = Float32Array.from(meanRow(pickRows(rows, found)));
  return { word, vector, tokens: found.map(name), rows: found };
}

async function hiddenVectors(
  subject: Subject,
  { readings, layer: asked, states, mean }: Extract<VectorsInput, { of: "hidden" }>,
): Promise<Vectors> {
  const group = groupOf(subject, states);
  const layer = asked ?? group.states - 1;
  if (layer >= group.states) {
    throw new InputError(`${group.name} are 0 to ${group.states - 1}; ${layer} was asked for.`);
  }
  const parts: Rows[] = [];
  const names: VectorName[] = [];
  for (const [reading, given] of readings.entries()) {
    const found = await read(subject, given);
    const rows = await statesOf(subject, found, `${group.name}.${layer}`, group.width);
    const axis = (found.axes[group.side] ?? found.axes.text ?? found.axes.source)!;
    if (mean) {
      parts.push(rowsOf(Float32Array.from(meanRow(rows)), rows.width));
      names.push({ label: given.text === "" ? `reading ${reading + 1}` : given.text, kind: "text", reading });
    } else {
      parts.push(rows);
      for (let place = 0; place < rows.count; place++) names.push(nameAt(axis, reading, place));
    }
  }
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.values.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at);
    at += part.values.length;
  }
  const stack = group.name.replace(/\.?[hH]iddenStates$/, "");
  const title = `${mean ? "means of " : ""}hidden states${stack === "" ? "" : ` of the ${stack}`}, ${layer === 0 ? "below the first layer" : `layer ${layer}`}`;
  const rowOf = (id: number): number | undefined => {
    const row = names.findIndex((name) => name.id === id);
    return row < 0 ? undefined : row;
  };
  return {
    rows: rowsOf(values, group.width),
    name: (row) => names[row]!,
    title,
    sides: [group.side],
    rowOf,
    tokenizer: subject.tokenizer,
  };
}

function nameAt(axis: Axis, reading: number, place: number): VectorName {
  const id = axis.ids[place];
  const kind = axis.grid === undefined ? "token" : "patch";
  return { label: axis.labels[place] ?? String(place + 1), id, kind, reading, place };
}

function groupOf({ architecture }: Subject, states?: string): HiddenGroup {
  const groups = hiddenGroups(architecture, readInputs(architecture));
  const found = states === undefined ? groups[0] : groups.find(({ name }) => name === states);
  if (found !== undefined) return found;
  const names = groups.map(({ name }) => name).join(", ");
  throw new InputError(`${architecture.className} has no hidden states "${states ?? ""}"; it has ${names || "none"}.`);
}

/** The hidden states of one reading: [tokens, width]. */
async function statesOf(
  { traces, model, parameters }: Subject,
  { feeds, key }: { readonly feeds: Parameters<Subject["model"]["run"]>[0]; readonly key: string },
  name: string,
  width: number,
): Promise<Rows> {
  const tensor: HostTensor = await traces.of(`${key} ${parameters.version} ${name}`, async () => {
    return (await model.run(feeds, { outputs: [name] })).get(name)!;
  });
  return rowsOf(tensor.data as Float32Array, width);
}
