/**
 * The family of errors. A message says what was got, what was expected and what to do.
 * Catch `HeedError` for all that Heed throws on purpose; anything else is a defect.
 */
export class HeedError extends Error {
  override readonly name: string = "HeedError";
}

/** A model function asked for something that shapes, dtypes or an op do not allow. Thrown while tracing. */
export class GraphError extends HeedError {
  override readonly name = "GraphError";
}

/** Something the user gave cannot be used: a file, a line, a sentence, an argument. */
export class InputError extends HeedError {
  override readonly name = "InputError";
}

/** A config has an unknown key or a value outside its choices. */
export class ConfigError extends HeedError {
  override readonly name = "ConfigError";
}

/** A checkpoint, a tokenizer file or a tensor file is missing, broken or does not fit the model. */
export class CheckpointError extends HeedError {
  override readonly name = "CheckpointError";
}

/** An engine is absent, refused a program, or was used after it was disposed of. */
export class EngineError extends HeedError {
  override readonly name = "EngineError";
}

/** Training cannot go on: the loss is no longer a number, or the run folder is in use. */
export class TrainingError extends HeedError {
  override readonly name = "TrainingError";
}

/** A run over several processes cannot go on: another rank has ended, or cannot be reached. */
export class LostRankError extends HeedError {
  override readonly name = "LostRankError";
}

/** Work was stopped because nobody waits for it any more: no mistake of anybody's, and nothing to show. */
export class Stopped extends HeedError {
  override readonly name = "Stopped";

  constructor(message = "The work was stopped.") {
    super(message);
  }
}

/**
 * The valid choice that is nearest to `got` by edit distance, for "did you mean" in messages;
 * undefined where nothing is near (more than a third of the longer word differs).
 */
export function nearest(got: string, choices: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const choice of choices) {
    const distance = editDistance(got.toLowerCase(), choice.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [choice, distance];
  }
  if (best === undefined) return undefined;
  return bestDistance <= Math.ceil(Math.max(got.length, best.length) / 3) ? best : undefined;
}

/** Levenshtein distance: the number of single-character edits between two words. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
