import { CheckpointError } from "../errors/index.ts";

/** A vocabulary from `tokenizer.json`: an object of token to id. Throws CheckpointError for anything else. */
export function readVocabulary(json: unknown, where: string): Map<string, number> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new CheckpointError(`${where}.vocab: expected an object of token to id.`);
  }
  const vocabulary = new Map<string, number>();
  const seen = new Map<number, string>();
  for (const [token, id] of Object.entries(json) as [string, unknown][]) {
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= 2 ** 31) {
      throw new CheckpointError(`${where}.vocab: ${JSON.stringify(token)} has ${JSON.stringify(id)} for an id.`);
    }
    const other = seen.get(id);
    if (other !== undefined) {
      throw new CheckpointError(
        `${where}.vocab: ${JSON.stringify(other)} and ${JSON.stringify(token)} both have the id ${id}.`,
      );
    }
    seen.set(id, token);
    vocabulary.set(token, id);
  }
  return vocabulary;
}
