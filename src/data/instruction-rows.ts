/** Rows of instructions in the forms that people have them in: Alpaca's, conversations, prompts with completions. */
import { InputError } from "../errors/index.ts";
import type { ChatMessage } from "../tokens/index.ts";

/** A conversation whose answers are learned, or a text that goes on from another. */
export type InstructionRow =
  | { readonly kind: "conversation"; readonly form: "alpaca" | "messages"; readonly messages: readonly ChatMessage[] }
  | { readonly kind: "completion"; readonly prompt: string; readonly completion: string };

const FORMS =
  '{"instruction": …, "input": …, "output": …} (Alpaca, the input may be absent), ' +
  '{"messages": [{"role": "user", "content": …}, {"role": "assistant", "content": …}]}, or {"prompt": …, "completion": …}';

/**
 * Reads a row: Alpaca's `instruction`, `input` (may be absent or empty) and `output`; `messages` with roles and contents;
 * or `prompt` and `completion`. Of an Alpaca row the message of the user has the input under a key of its own, as
 * Alpaca's template reads it. Throws InputError that names the place and the forms.
 */
export function instructionRow(values: ReadonlyMap<string, unknown>, place: string): InstructionRow {
  const text = (name: string): string => {
    const value = values.get(name);
    if (typeof value === "string") return value;
    throw new InputError(`${place}: "${name}" is ${shown(value)}; a text was expected. A row is ${FORMS}.`);
  };
  if (values.has("messages")) {
    return { kind: "conversation", form: "messages", messages: messagesOf(values.get("messages"), place) };
  }
  if (values.has("instruction")) {
    const input = values.get("input") ?? "";
    if (typeof input !== "string") {
      throw new InputError(`${place}: "input" is ${shown(input)}; a text was expected, or none.`);
    }
    const question = { role: "user", content: text("instruction"), ...(input !== "" && { input }) };
    const answer = { role: "assistant", content: text("output") };
    return { kind: "conversation", form: "alpaca", messages: [question, answer] };
  }
  if (values.has("prompt")) return { kind: "completion", prompt: text("prompt"), completion: text("completion") };
  throw new InputError(`${place} has the keys ${[...values.keys()].join(", ") || "of nothing"}. A row is ${FORMS}.`);
}

const shown = (value: unknown): string => (value === undefined ? "missing" : (JSON.stringify(value) ?? "nothing"));

function messagesOf(value: unknown, place: string): ChatMessage[] {
  if (!Array.isArray(value)) throw new InputError(`${place}: "messages" is no list. A row is ${FORMS}.`);
  const messages = value.map((message: unknown, i) => {
    const { role, content } = (message ?? {}) as Partial<ChatMessage>;
    if (typeof role === "string" && typeof content === "string") return message as ChatMessage;
    throw new InputError(`${place}: message ${i + 1} needs a role and a content, both texts. A row is ${FORMS}.`);
  });
  if (messages.some(({ role }) => role === "assistant")) return messages;
  throw new InputError(`${place}: no message has the role "assistant", so there is no answer to learn.`);
}

/**
 * The turns as templates other than Alpaca's read them: an input stands behind its instruction, an empty line between.
 */
export function withInputs(messages: readonly ChatMessage[]): ChatMessage[] {
  return messages.map((message) => {
    const { input, ...rest } = message;
    return typeof input === "string" ? { ...rest, content: `${String(message.content)}\n\n${input}` } : message;
  });
}
