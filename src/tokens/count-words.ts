import { InputError } from "../errors/index.ts";
import { cutText, type Pipeline } from "./pipeline.ts";
import { Turns } from "./turns.ts";

/** Texts to learn from. */
export type Texts = Iterable<string> | AsyncIterable<string>;

/** How often each word, as the pipeline cuts it, stands in the texts. Throws InputError if there are none. */
export async function countWords(texts: Texts, pipeline: Pipeline): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const count = (text: string): void => {
    cutText(text, pipeline, false, ({ text: word }) => {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    });
  };
  const turns = new Turns();
  if (Symbol.asyncIterator in texts) for await (const text of texts) count(text);
  else {
    for (const text of texts) {
      count(text);
      if (turns.over) await turns.next(0, 0);
    }
  }
  if (counts.size === 0) throw new InputError("The texts to learn from have no words; give a file that is not empty.");
  return counts;
}
