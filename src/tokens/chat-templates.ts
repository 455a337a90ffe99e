/** Chat templates for models that have none, and tokenizers that get one. */
import { InputError } from "../errors/index.ts";
import { parseObject, type Role } from "./tokenizer-config.ts";
import { Tokenizer } from "./tokenizer.ts";

const PREAMBLE = "Below is an instruction that describes a task";
const REQUEST = "Write a response that appropriately completes the request.";

/** The parts of a template: what a turn of the user, one of the model and any other becomes, and how an answer begins. */
interface TemplateParts {
  readonly user: string;
  readonly assistant: string;
  readonly other: string;
  readonly begin: string;
}

const plain: TemplateParts = {
  user: "{{ 'User: ' + message.content + '\\n' }}",
  assistant: "{{ 'Assistant: ' + message.content + eos_token + '\\n' }}",
  other: "{{ message.content + '\\n' }}",
  begin: "{{ 'Assistant:' }}",
};

/** Taori et al. 2023, "Stanford Alpaca": its two prompts, with further turns in the same form. */
const alpaca: TemplateParts = {
  user:
    "{% if loop.first %}{% if message.input %}" +
    `{{ '${PREAMBLE}, paired with an input that provides further context. ${REQUEST}\\n\\n' }}` +
    `{% else %}{{ '${PREAMBLE}. ${REQUEST}\\n\\n' }}{% endif %}{% endif %}` +
    "{{ '### Instruction:\\n' + message.content + '\\n\\n' }}" +
    "{% if message.input %}{{ '### Input:\\n' + message.input + '\\n\\n' }}{% endif %}",
  assistant: "{{ '### Response:' + message.content + eos_token + '\\n\\n' }}",
  other: "{{ message.content + '\\n\\n' }}",
  begin: "{{ '### Response:' }}",
};

const bare: TemplateParts = {
  user: "{{ message.content + '\\n' }}",
  assistant: "{{ message.content + eos_token + '\\n' }}",
  other: "{{ message.content + '\\n' }}",
  begin: "",
};

const templates = { plain, alpaca, bare } as const;
/** The templates that any model can be given: `User: …` and `Assistant: …`, Alpaca's, and the contents alone. */
export const chatTemplateNames = Object.keys(templates) as readonly ChatTemplateName[];
/** The name of such a template. */
export type ChatTemplateName = keyof typeof templates;

/**
 * A template in Jinja's language by its name. The text begins with the token that begins texts, where the tokenizer puts
 * it in front of every text.
 */
export function chatTemplate(name: ChatTemplateName, tokenizer: Tokenizer): string {
  const { user, assistant, other, begin } = templates[name];
  const { bos } = tokenizer.special;
  const front = bos !== undefined && tokenizer.ids("a")[0] === bos.id ? "{{ bos_token }}" : "";
  return (
    `${front}{% for message in messages %}{% if message.role == 'user' %}${user}` +
    `{% elif message.role == 'assistant' %}${assistant}{% else %}${other}{% endif %}{% endfor %}` +
    (begin === "" ? "" : `{% if add_generation_prompt %}${begin}{% endif %}`)
  );
}

/** The same tokenizer with another chat template, if one is given, and with names for special tokens that the files beside it lack. */
export function withChatTemplate(
  tokenizer: Tokenizer,
  template: string | undefined,
  named: Readonly<Partial<Record<Role, string>>> = {},
): Tokenizer {
  const files = new Map(tokenizer.files());
  if (template !== undefined) files.delete("chat_template.jinja");
  const text = files.get("tokenizer_config.json");
  const json = parseObject(typeof text === "string" ? text : undefined, "tokenizer_config.json");
  const missing = Object.entries(named).filter(([role]) => tokenizer.special[role as Role] === undefined);
  const tokens = Object.fromEntries(missing.map(([role, token]) => [`${role}_token`, token]));
  files.set(
    "tokenizer_config.json",
    `${JSON.stringify({ ...json, ...tokens, ...(template !== undefined && { chat_template: template }) }, undefined, 2)}\n`,
  );
  const special = { ...tokenizer.parts.special };
  for (const [role, content] of missing) {
    const token = (tokenizer.parts.addedTokens ?? []).find((one) => one.content === content);
    if (token === undefined) throw new InputError(`The tokenizer has no special token "${content}".`);
    special[role as Role] = token;
  }
  return new Tokenizer({ ...tokenizer.parts, special, chatTemplate: template ?? tokenizer.parts.chatTemplate, files });
}
