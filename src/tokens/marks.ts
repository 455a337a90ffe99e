/** Texts and pairs between marks of their own: how a decoder is told where a text starts, what is asked, where to answer. */
import { specialToken } from "./added-tokens.ts";
import { template } from "./family-files.ts";
import { makePostProcessor } from "./post-processors.ts";
import { Tokenizer } from "./tokenizer.ts";

/** The three marks of GPT (Radford et al. 2018, section 3.3): start, delimiter and extract token. */
export interface TextMarks {
  readonly start: string;
  readonly delimiter: string;
  readonly extract: string;
}

/** The marks where no others are given. */
export const textMarks: TextMarks = { start: "<start>", delimiter: "<delimiter>", extract: "<extract>" };

/**
 * A tokenizer that writes a text as `<start> A <extract>` and a pair as `<start> A <delimiter> B <extract>`. Marks that it
 * lacks are added behind its last id: the model needs so many more rows of embeddings.
 */
export function markedTokenizer(tokenizer: Tokenizer, marks: TextMarks = textMarks): Tokenizer {
  const { start, delimiter, extract } = marks;
  const missing = [...new Set([start, delimiter, extract])].filter((mark) => tokenizer.tokenToId(mark) === undefined);
  const added = missing.map((content, i) => specialToken(tokenizer.size + i, content));
  const idOf = (mark: string): number => tokenizer.tokenToId(mark) ?? added.find(({ content }) => content === mark)!.id;
  const special = [start, delimiter, extract].map((token) => ({ token, id: idOf(token) }));
  const form = template([start, "A", extract], [start, "A", delimiter, "B", extract], special);
  const parts = {
    ...tokenizer.parts,
    addedTokens: [...(tokenizer.parts.addedTokens ?? []), ...added],
    postProcessor: makePostProcessor(form),
  };
  const made = new Tokenizer(parts);
  const { files } = tokenizer.parts;
  if (files === undefined) return made;
  return new Tokenizer({ ...parts, files: new Map([...files, ["tokenizer.json", made.toText()]]) });
}
