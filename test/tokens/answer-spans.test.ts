/** Where answers stand in the text of a conversation, and what the templates of the package write. */
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import {
  answerSpans,
  chatTemplate,
  chatTemplateNames,
  openTokenizerFiles,
  trainTokenizer,
  withChatTemplate,
  type ChatMessage,
  type ChatTemplateName,
  type Tokenizer,
} from "../../src/tokens/index.ts";

const user = (content: string): ChatMessage => ({ role: "user", content });
const model = (content: string): ChatMessage => ({ role: "assistant", content });

let gpt2: Tokenizer;
let llama: Tokenizer;
beforeAll(async () => {
  const texts = ["User: what is the sum of one and two\nAssistant: the sum is three", "Repeat these words: cat dog"];
  gpt2 = await trainTokenizer(texts, { family: "gpt2", size: 320 });
  llama = await trainTokenizer(texts, { family: "llama", size: 320 });
});

const withTemplate = (tokenizer: Tokenizer, name: ChatTemplateName): Tokenizer =>
  withChatTemplate(tokenizer, chatTemplate(name, tokenizer));
const spansOf = (tokenizer: Tokenizer, messages: readonly ChatMessage[]): string[] => {
  const { text, answers } = answerSpans(tokenizer, messages);
  return answers.map(({ start, end }) => text.slice(start, end));
};

describe("the templates", () => {
  const golden = JSON.parse(readFileSync("test/tokens/golden/chat-templates.json", "utf8")) as {
    templates: Record<ChatTemplateName, string>;
    cases: { template: ChatTemplateName; messages: ChatMessage[]; prompt: string; text: string }[];
  };

  it("are those that Python rendered", () => {
    for (const name of chatTemplateNames) expect(chatTemplate(name, gpt2)).toBe(golden.templates[name]);
  });

  it("give what Python's Jinja makes of them", () => {
    for (const { template, messages, text, prompt } of golden.cases) {
      const tokenizer = withTemplate(gpt2, template);
      expect(tokenizer.chat(messages)).toBe(text);
      expect(tokenizer.chat(messages, { addGenerationPrompt: true })).toBe(prompt);
    }
  });

  it("write Alpaca's prompts as they were published", () => {
    const alpaca = withTemplate(gpt2, "alpaca");
    const ask = (message: ChatMessage): string => alpaca.chat([message], { addGenerationPrompt: true });
    expect(ask(user("Say hi."))).toBe(
      "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n" +
        "### Instruction:\nSay hi.\n\n### Response:",
    );
    expect(ask({ ...user("Add."), input: "1 2" })).toBe(
      "Below is an instruction that describes a task, paired with an input that provides further context. " +
        "Write a response that appropriately completes the request.\n\n" +
        "### Instruction:\nAdd.\n\n### Input:\n1 2\n\n### Response:",
    );
  });

  it("begin with the token that the tokenizer puts in front of texts", () => {
    expect(withTemplate(llama, "plain").chat([user("a")])).toBe("<s>User: a\n");
    expect(withTemplate(gpt2, "plain").chat([user("a")])).toBe("User: a\n");
  });

  it("go with the tokenizer's files, with the names of special tokens", () => {
    const files = withTemplate(gpt2, "plain").files();
    const again = openTokenizerFiles(files);
    expect(again.special.eos).toEqual({ token: "<|endoftext|>", id: 0 });
    expect(again.chat([user("a"), model("b")])).toBe("User: a\nAssistant: b<|endoftext|>\n");
    expect(openTokenizerFiles(gpt2.files()).special.eos?.id).toBe(0);
    const jinja = new Map([...gpt2.files(), ["chat_template.jinja", "old"]]);
    const replaced = withTemplate(openTokenizerFiles(jinja), "bare");
    expect(openTokenizerFiles(replaced.files()).chat([user("a")])).toBe("a\n");
    expect(() => withChatTemplate(gpt2, "", { pad: "<nothing>" })).toThrow('no special token "<nothing>"');
  });
});

describe("the spans of answers", () => {
  it("go from where the model begins to write to the token that ends its turn, in each turn", () => {
    const messages = [user("a"), model("b c"), user("d"), model("e"), user("f")];
    expect(spansOf(withTemplate(gpt2, "plain"), messages)).toEqual([" b c<|endoftext|>", " e<|endoftext|>"]);
    expect(spansOf(withTemplate(gpt2, "alpaca"), messages)).toEqual(["b c<|endoftext|>", "e<|endoftext|>"]);
    expect(spansOf(withTemplate(gpt2, "bare"), messages)).toEqual(["b c<|endoftext|>", "e<|endoftext|>"]);
    expect(answerSpans(withTemplate(gpt2, "plain"), messages).text).toMatch(/e<\|endoftext\|>\n$/);
  });

  it("follow a template that trims and sets blanks, as that of Llama 2", () => {
    const template =
      "{% for m in messages %}{% if m.role == 'user' %}{{ '<s>[INST] ' + m.content | trim + ' [/INST]' }}" +
      "{% else %}{{ ' ' + m.content | trim + ' </s>' }}{% endif %}{% endfor %}";
    const messages = [user("a"), model(" b "), user("c"), model("d")];
    const tokenizer = withChatTemplate(llama, template);
    expect(spansOf(tokenizer, messages)).toEqual([" b </s>", " d </s>"]);
    expect(answerSpans(tokenizer, messages).answers.map(({ endToken }) => endToken)).toEqual(["</s>", "</s>"]);
  });

  it("leave out earlier answers that a template rewrites, and say how many", () => {
    const template =
      "{% for m in messages %}{{ m.role + ': ' }}{% if m.role == 'assistant' and not loop.last %}{{ 'past\n' }}" +
      "{% else %}{{ m.content + '\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}";
    const { text, answers, rewritten } = answerSpans(withChatTemplate(gpt2, template), [user("a"), model("b"), user("c"), model("d")]); // prettier-ignore
    expect([answers.map(({ start, end }) => text.slice(start, end)), rewritten]).toEqual([["d\n"], 1]);
    expect(answers[0]!.endToken).toBeUndefined();
  });

  it("are refused where the template begins an answer elsewhere than it writes it", () => {
    const template =
      "{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}{{ '>' }}{% endif %}";
    expect(() => spansOf(withChatTemplate(gpt2, template), [user("a"), model("b")])).toThrow(
      "writes an answer in another place",
    );
    expect(() => spansOf(withTemplate(gpt2, "plain"), [user("a")])).toThrow('no message has the role "assistant"'.replace("no", "No")); // prettier-ignore
  });

  it("hold each answer, whatever is said", () => {
    const word = fc.constantFrom("a", "the sum", "x\ny", "Assistant:", "é€", " b", "12");
    const turns = fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(turns, fc.constantFrom(...chatTemplateNames), (pairs, name) => {
        const messages = pairs.flatMap(([asked, said]) => [user(asked), model(said)]);
        const found = spansOf(withTemplate(gpt2, name), messages);
        const blank = name === "plain" ? " " : "";
        expect(found).toEqual(pairs.map(([, said]) => `${blank}${said}<|endoftext|>`));
      }),
    );
  });
});
