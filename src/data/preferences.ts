/** Preferences: a prompt with two answers, of which one was chosen over the other; and prompts alone. */
import { InputError } from "../errors/index.ts";
import type { ChatMessage } from "../tokens/index.ts";
import { parseTable, tableFormatOf } from "./table-rows.ts";

/** What was said: a text, or turns of a conversation. */
export type Said = string | readonly ChatMessage[];

/** Two answers to a prompt. */
export interface Preference {
  readonly prompt: Said;
  readonly chosen: Said;
  readonly rejected: Said;
}

const FORM = '{"prompt": "…", "chosen": "…", "rejected": "…"}';

/**
 * Reads preferences from JSON lines: `prompt`, `chosen` and `rejected`, each a text or a list of messages with `role` and
 * `content`. Without `prompt`, two conversations are taken apart where they begin to differ.
 * @param name What messages call the file.
 * @throws InputError naming file and line where a key is missing, is neither text nor messages, or where both answers
 * are the same, so that nothing is preferred.
 */
export function parsePreferences(lines: readonly string[], name: string): Preference[] {
  return parseTable(lines, "jsonl", name, []).rows.map(({ line, values }) => {
    const place = `${name}, line ${line}`;
    const whole = { chosen: said(values, "chosen", place), rejected: said(values, "rejected", place) };
    const row = values.has("prompt") ? { prompt: said(values, "prompt", place), ...whole } : takenApart(whole, place);
    if (JSON.stringify(row.chosen) === JSON.stringify(row.rejected)) {
      throw new InputError(`${place}: chosen and rejected are the same, so nothing is preferred. Leave the line out.`);
    }
    return row;
  });
}

/**
 * Prompts alone: a file of JSON lines with `prompt` (other keys are passed over), or any other file with one text a line.
 * @throws InputError naming file and line as `parsePreferences` does, and where the file has no prompt.
 */
export function parsePrompts(lines: readonly string[], name: string): Said[] {
  if (tableFormatOf(name) === "jsonl") {
    return parseTable(lines, "jsonl", name, []).rows.map(({ line, values }) =>
      said(values, "prompt", `${name}, line ${line}`),
    );
  }
  const texts = lines.filter((text) => text.trim() !== "");
  if (texts.length === 0) throw new InputError(`${name} has no prompt. Write one a line.`);
  return texts;
}

function said(values: ReadonlyMap<string, unknown>, key: string, place: string): Said {
  const value = values.get(key);
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.length > 0 && value.every(isMessage)) return value;
  const got = value === undefined ? "is missing" : "is neither a text nor a list of messages with role and content";
  throw new InputError(`${place}: "${key}" ${got}. Expected ${FORM}.`);
}

function isMessage(value: unknown): value is ChatMessage {
  const { role, content } = (value ?? {}) as { readonly role?: unknown; readonly content?: unknown };
  return typeof role === "string" && typeof content === "string";
}

/** What both conversations begin with is the prompt. */
function takenApart({ chosen, rejected }: Omit<Preference, "prompt">, place: string): Preference {
  if (typeof chosen === "string" || typeof rejected === "string") {
    throw new InputError(`${place}: "prompt" is missing. Expected ${FORM}, or two whole conversations.`);
  }
  const same = chosen.findIndex((message, i) => JSON.stringify(message) !== JSON.stringify(rejected[i]));
  const shared = same < 0 ? Math.min(chosen.length, rejected.length) : same;
  if (shared === 0 || shared === chosen.length || shared === rejected.length) {
    throw new InputError(
      `${place}: the two conversations must begin with the same messages, the prompt, and end with different answers.`,
    );
  }
  return { prompt: chosen.slice(0, shared), chosen: chosen.slice(shared), rejected: rejected.slice(shared) };
}
