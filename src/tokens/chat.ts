import { Template } from "@huggingface/jinja";
import { z } from "zod";
import { CheckpointError, InputError } from "../errors/index.ts";

/** One turn of a conversation. Templates of some models read further keys, such as `tool_calls`. */
export interface ChatMessage {
  readonly role: string;
  readonly content: unknown;
  readonly [key: string]: unknown;
}

/** How a conversation becomes a text. */
export interface ChatOptions {
  /** Whether the text ends with what starts the model's answer. */
  readonly addGenerationPrompt?: boolean;
  /** Functions that the model may call, as JSON schemas. */
  readonly tools?: readonly unknown[] | undefined;
  /** Texts that the answer should rest on, where the template knows of such. */
  readonly documents?: readonly unknown[] | undefined;
  /** Which of several templates; "default" unless told otherwise, or "tool_use" where tools are given. */
  readonly template?: string | undefined;
  /** Further variables that the template reads. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

const templateSchema = z.union([
  z.string().transform((template) => new Map([["default", template]])),
  z
    .array(z.object({ name: z.string(), template: z.string() }))
    .transform((templates) => new Map(templates.map(({ name, template }) => [name, template]))),
]);

/** The text of a conversation by a template in Jinja's language. Throws as `Tokenizer.chat` says. */
export function renderChat(
  template: unknown,
  special: Readonly<Record<string, string>>,
  messages: readonly ChatMessage[],
  options: ChatOptions = {},
): string {
  const read = templateSchema.safeParse(template);
  if (!read.success) {
    throw new InputError(
      template === undefined
        ? `This model has no chat template, so it was not trained on conversations. Give it plain text.`
        : `"chat_template" of tokenizer_config.json is neither a text nor a list of names and templates.`,
    );
  }
  const { addGenerationPrompt = false, tools, documents, variables = {} } = options;
  const preferred = tools !== undefined && read.data.has("tool_use") ? "tool_use" : "default";
  const name = options.template ?? preferred;
  const source = read.data.get(name);
  if (source === undefined) {
    throw new InputError(`There is no chat template "${name}". There is: ${[...read.data.keys()].join(", ")}.`);
  }
  const context = { ...special, ...variables, messages, tools: tools ?? null, documents: documents ?? null };
  const ready = compiled(source);
  try {
    return ready.render({ ...context, add_generation_prompt: addGenerationPrompt });
  } catch (error) {
    // Templates refuse what they cannot say, such as two turns of the user in a row, by an error of their own.
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`The chat template refuses this conversation: ${reason}`, { cause: error });
  }
}

/**
 * Fills a template in Jinja's language with variables. Throws InputError for one that cannot be read, and where a variable
 * is used in a way that it does not allow.
 */
export function fillTemplate(source: string, variables: Readonly<Record<string, unknown>>): string {
  try {
    return compiled(source, "template").render({ ...variables });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`The template cannot be filled: ${reason}`, { cause: error });
  }
}

const templates = new Map<string, Template>();

function compiled(source: string, name = "chat template"): Template {
  let template = templates.get(source);
  if (template === undefined) {
    try {
      template = new Template(source);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CheckpointError(`The ${name} cannot be read: ${reason}`, { cause: error });
    }
    if (templates.size >= 16) templates.clear();
    templates.set(source, template);
  }
  return template;
}
