/** JSON files of settings (config.json, generation_config.json, …) that are read, changed in parts and written back. */
import { CheckpointError } from "../errors/index.ts";
import { readText, type Folder, type ReadableFolder } from "../files/index.ts";
import { stringEnd } from "./safetensors-header.ts";

/**
 * What a file of settings holds. Python tells 1.0 from 1 (the config of T5 with an `initializer_factor` of 1 is refused
 * there), and JavaScript does not; so the numbers' texts are kept beside the values.
 */
export interface Settings {
  /** The values by key, in the order of the file. */
  readonly values: Readonly<Record<string, unknown>>;
  /** How numbers are written in the file, by path: `/rope_parameters/rope_theta` to "10000.0". */
  readonly numbers: ReadonlyMap<string, string>;
}

/**
 * Keys of Hugging Face's configs whose values Python takes as floating-point numbers only: their whole numbers are
 * written with a point.
 */
const FLOATS: ReadonlySet<string> = new Set(
  "activation_dropout attention_dropout attention_probs_dropout_prob attn_pdrop classifier_dropout classifier_dropout_prob decoder_layerdrop dropout dropout_rate embd_pdrop encoder_layerdrop epsilon hidden_dropout_prob init_std initializer_factor initializer_range layer_norm_eps layer_norm_epsilon logit_scale_init_value qa_dropout resid_pdrop rms_norm_eps rope_theta seq_classif_dropout summary_first_dropout".split(
    " ",
  ),
);

/** Reads a file of settings. @throws CheckpointError where it is not a JSON object */
export async function readSettings(folder: ReadableFolder, path: string): Promise<Settings> {
  return parseSettings(await readText(folder, path), folder.describe(path));
}

/** As `readSettings`, from a text; `shown` names it in messages. */
export function parseSettings(text: string, shown: string): Settings {
  const { numbers, json } = scan(text);
  let values: unknown;
  try {
    values = JSON.parse(json);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const what = text.trim() === "" ? "is empty" : `is not valid JSON (${reason})`;
    throw new CheckpointError(`${shown} ${what}. Copy or download it again.`, { cause: error });
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw new CheckpointError(`${shown} holds no JSON object. Settings by name were expected.`);
  }
  return { values: values as Record<string, unknown>, numbers };
}

/** Writes a file of settings; see `settingsText`. */
export async function writeSettings(
  folder: Folder,
  path: string,
  values: Readonly<Record<string, unknown>>,
  before?: Settings,
): Promise<void> {
  await folder.write(path, settingsText(values, before));
}

/**
 * The text of a file of settings, laid out as Hugging Face does. Keys keep their order, and a number that is the same
 * as in `before` its spelling, so that what nobody changed is written back as it was.
 */
export function settingsText(values: Readonly<Record<string, unknown>>, before?: Settings): string {
  return `${textOf(values, "", "", before)}\n`;
}

function textOf(value: unknown, path: string, indent: string, before: Settings | undefined): string {
  if (typeof value === "number") return numberText(value, path, before);
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const inner = `${indent}  `;
  const at = (key: string, one: unknown): string => textOf(one, `${path}/${key}`, inner, before);
  const [open, close, lines] = Array.isArray(value)
    ? ["[", "]", value.map((one, i) => at(String(i), one))]
    : [
        "{",
        "}",
        Object.entries(value)
          .filter(([, one]) => one !== undefined)
          .map(([key, one]) => `${JSON.stringify(key)}: ${at(key, one)}`),
      ];
  return lines.length === 0 ? open + close : `${open}\n${inner}${lines.join(`,\n${inner}`)}\n${indent}${close}`;
}

function numberText(value: number, path: string, before: Settings | undefined): string {
  const old = before?.numbers.get(path);
  if (old !== undefined && Object.is(Number(old), value)) return old;
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  const point = Number.isInteger(value) && FLOATS.has(path.slice(path.lastIndexOf("/") + 1));
  return point && Math.abs(value) < 1e16 ? value.toFixed(1) : String(value);
}

/**
 * The numbers' texts by path; and the same JSON with the infinities of Python, which are no JSON, as numbers too large
 * for JavaScript. What is not valid JSON is left for JSON.parse to complain about.
 */
function scan(text: string): { readonly numbers: Map<string, string>; readonly json: string } {
  const numbers = new Map<string, string>();
  const open: { key: string; index: number | undefined }[] = [];
  let last = "";
  let json = "";
  let copied = 0;
  for (const { token, at } of tokensOf(text)) {
    const around = open.at(-1);
    if (token === "{") open.push({ key: "", index: undefined });
    else if (token === "[") open.push({ key: "0", index: 0 });
    else if (token === "}" || token === "]") open.pop();
    else if (token === "," && around?.index !== undefined) around.key = String(++around.index);
    else if (token === ":" && around !== undefined) around.key = keyOf(last);
    else if (/^-?(\d|Infinity$)/.test(token)) {
      numbers.set(`/${open.map(({ key }) => key).join("/")}`, token);
      if (token.endsWith("Infinity")) {
        json += text.slice(copied, at) + token.replace("Infinity", "1e999");
        copied = at + token.length;
      }
    }
    last = token;
  }
  return { numbers, json: json + text.slice(copied) };
}

const SPACE_OR_MARK = /[\s"{}[\],:]/g;

/** Strings with their quotes, brackets, commas and colons, and what stands between them. */
function* tokensOf(text: string): Generator<{ readonly token: string; readonly at: number }> {
  for (let at = 0; at < text.length;) {
    const first = text[at]!;
    let end = at + 1;
    if (first === '"') end = stringEnd(text, at);
    else if (!/[\s{}[\],:]/.test(first)) {
      SPACE_OR_MARK.lastIndex = at;
      end = SPACE_OR_MARK.exec(text)?.index ?? text.length;
    }
    if (first.trim() !== "") yield { token: text.slice(at, end), at };
    at = end;
  }
}

function keyOf(token: string): string {
  try {
    return String(JSON.parse(token));
  } catch {
    return "";
  }
}
