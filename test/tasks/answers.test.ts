/** Prompts and answers as ids, of texts and of conversations. */
import { beforeAll, expect, it } from "vitest";
import { answerIds, fitted, promptIds } from "../../src/tasks/answers.ts";
import { Tokenizer, trainTokenizer } from "../../src/tokens/index.ts";

let plain: Tokenizer;
const chatting = (chatTemplate: string): Tokenizer => new Tokenizer({ ...plain.parts, chatTemplate });
const turns =
  "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
beforeAll(async () => {
  plain = await trainTokenizer(["where is the cup ?"], { family: "gpt2", size: 270 });
});
const end = (): number => plain.special.eos!.id;
const user = { role: "user", content: "a" };

it("a text is followed by its answer and, where that is finished, the end token", () => {
  const ids = (text: string): number[] => Array.from(plain.ids(text));
  expect(promptIds(plain, "where is")).toEqual(ids("where is"));
  expect(promptIds(plain, "")).toEqual([end()]);
  expect(answerIds(plain, { prompt: "where is", answer: " the cup" })).toEqual([...ids(" the cup"), end()]);
  expect(answerIds(plain, { prompt: "a", answer: " the cup", finished: false })).toEqual(ids(" the cup"));
  expect(answerIds(plain, { prompt: "a", answer: "<|endoftext|>" })).toEqual([end()]);
});

it("a conversation is followed by what its template makes of the answer", () => {
  const tokenizer = chatting(turns);
  const decoded = (ids: number[]): string => tokenizer.decode(ids, { skipSpecialTokens: false });
  expect(decoded(promptIds(tokenizer, [user]))).toBe("<user>a\n<assistant>");
  const said = { role: "assistant", content: "b" };
  for (const answer of ["b", [said]]) {
    expect(decoded(answerIds(tokenizer, { prompt: [user], answer }))).toBe("b\n<|endoftext|>");
  }
  expect(decoded(answerIds(tokenizer, { prompt: [user], answer: [said, user, said] }))).toBe(
    "b\n<user>a\n<assistant>b\n<|endoftext|>",
  );
  const odd = chatting("{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}");
  expect(() => answerIds(odd, { prompt: [user], answer: "b" })).toThrow(/does not write an answer behind its prompt/);
});

it("what is too long loses the prompt's beginning, then the answer's end", () => {
  expect(fitted([1, 2], [3], undefined)).toEqual({ prompt: [1, 2], answer: [3], cut: false });
  expect(fitted([1, 2], [3], 3)).toEqual({ prompt: [1, 2], answer: [3], cut: false });
  expect(fitted([1, 2, 3], [4, 5], 4)).toEqual({ prompt: [2, 3], answer: [4, 5], cut: true });
  expect(fitted([1, 2, 3], [4, 5, 6, 7], 3)).toEqual({ prompt: [3], answer: [4, 5], cut: true });
});
