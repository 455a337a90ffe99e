/** Which of a file's tensors is which parameter: names as Hugging Face has written them over the years. */
import { CheckpointError } from "../errors/index.ts";
import { showShape, type Dtype } from "../graph/index.ts";

/** How a family's files name its parameters. All names in the rules are those of a model with a head. */
export interface NameRules {
  /** What a model with a head puts before the names of the bare model, such as "bert"; either may be in the file. */
  readonly base?: string | undefined;
  /** Copies of other parameters: copy to primary. Files may leave out the copies, or hold a copy alone. */
  readonly tied?: Readonly<Record<string, string>> | undefined;
  /** What files hold and no model needs: buffers such as position_ids. */
  readonly ignored?: readonly RegExp[] | undefined;
  /** Old names: what to replace, and with what, as `String.replace` does. All of them are applied, in their order. */
  readonly renamed?: readonly (readonly [RegExp, string])[] | undefined;
  /** What belongs to some heads only, besides all that is outside of `base`: BERT's pooler, for instance. */
  readonly heads?: readonly RegExp[] | undefined;
}

/** A tensor as a file's header describes it; the dtype is the one that it is read as. */
export interface TensorType {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** A parameter's name and shape. */
export interface NamedShape {
  readonly name: string;
  readonly shape: readonly number[];
  /** False for a buffer: a file need not hold it, and it has its first values then. */
  readonly trained?: boolean | undefined;
}

/** A parameter that no tensor fits. */
export interface MissingParameter extends NamedShape {
  /** Whether it is part of a head: a checkpoint of another task does not have it. */
  readonly head: boolean;
}

/** A parameter whose tensor has another shape, or is not one of floating-point numbers. */
export interface MisshapenParameter extends NamedShape {
  readonly stored: string;
  readonly got: TensorType;
}

/** How a model's parameters and a file's tensors fit each other. */
export interface WeightMatch {
  /** Parameter name to the stored tensor's name, in the order of the parameters. */
  readonly places: ReadonlyMap<string, string>;
  /** Stored copies of tied parameters: stored copy to the stored tensor whose values it must have. */
  readonly copies: ReadonlyMap<string, string>;
  readonly missing: readonly MissingParameter[];
  readonly misshapen: readonly MisshapenParameter[];
  /** Stored names that are nothing to this family. */
  readonly unexpected: readonly string[];
  /** Stored names of another task's head. They are no mistake, and not read. */
  readonly unused: readonly string[];
}

/**
 * Matches parameters with a file's tensors, from names and shapes alone. A tensor of whole numbers that is no parameter
 * is a buffer, and left out.
 */
export function matchWeights(
  parameters: readonly NamedShape[],
  tensors: ReadonlyMap<string, TensorType>,
  rules: NameRules = {},
): WeightMatch {
  const names = new Names(parameters, [...tensors.keys()], rules);
  const [found, copied] = [new Map<string, string>(), new Map<string, string>()];
  const [unexpected, unused]: [string[], string[]] = [[], []];
  for (const [stored, { dtype }] of tensors) {
    const full = names.full(stored);
    if (names.parameters.has(full) && !found.has(full)) found.set(full, stored);
    else if (names.isCopy(full) && !copied.has(full)) copied.set(full, stored);
    else if (dtype !== "float32" || names.isIgnored(stored, full)) continue;
    else (names.isHead(full) && !names.parameters.has(full) ? unused : unexpected).push(stored);
  }
  const copies = new Map<string, string>();
  for (const [copy, stored] of copied) {
    const primary = names.primary(copy);
    const place = found.get(primary);
    if (place !== undefined) copies.set(stored, place);
    else if (names.parameters.has(primary)) found.set(primary, stored);
  }
  const places = new Map<string, string>();
  const missing: MissingParameter[] = [];
  const misshapen: MisshapenParameter[] = [];
  for (const [full, { name, shape, trained = true }] of names.parameters) {
    const stored = found.get(full);
    const got = stored === undefined ? undefined : tensors.get(stored);
    if (stored === undefined || got === undefined) {
      if (trained) missing.push({ name, shape, head: names.isHead(full) });
    } else if (got.dtype !== "float32" || got.shape.join() !== shape.join()) {
      misshapen.push({ name, shape, stored, got });
    } else places.set(name, stored);
  }
  return { places, copies, missing, misshapen, unexpected, unused };
}

/** Names of both sides in full: with the base's prefix, wherever it is left out, and without what is old in them. */
class Names {
  readonly parameters: ReadonlyMap<string, NamedShape>;
  readonly #rules: NameRules;
  readonly #prefix: string;
  readonly #tied: ReadonlyMap<string, string>;
  readonly #bareFile: boolean;

  constructor(parameters: readonly NamedShape[], stored: readonly string[], rules: NameRules) {
    this.#rules = rules;
    const prefix = rules.base === undefined ? "" : `${rules.base}.`;
    const isBare = (list: readonly string[]): boolean => prefix !== "" && !list.some((one) => one.startsWith(prefix));
    this.#prefix = prefix;
    this.#tied = new Map(Object.entries(rules.tied ?? {}));
    this.#bareFile = isBare(stored.map((name) => this.#renamed(name)));
    const front = isBare(parameters.map(({ name }) => name)) ? prefix : "";
    this.parameters = new Map(parameters.map((parameter) => [front + parameter.name, parameter]));
  }

  /** A stored name in full. A file of a bare model may still hold a head's tensor, under its own name. */
  full(stored: string): string {
    const renamed = this.#renamed(stored);
    const candidates = [stored, renamed].flatMap((name) => (this.#bareFile ? [this.#prefix + name, name] : [name]));
    return (
      candidates.find((name) => this.parameters.has(name) || this.isCopy(name)) ??
      (this.#bareFile ? this.#prefix : "") + renamed
    );
  }

  isCopy(full: string): boolean {
    return this.#tied.has(full);
  }

  primary(copy: string): string {
    const primary = this.#tied.get(copy);
    return primary === undefined || primary === copy ? copy : this.primary(primary);
  }

  isHead(full: string): boolean {
    return !full.startsWith(this.#prefix) || (this.#rules.heads ?? []).some((head) => head.test(full));
  }

  isIgnored(stored: string, full: string): boolean {
    return (this.#rules.ignored ?? []).some((one) => one.test(stored) || one.test(full));
  }

  #renamed(name: string): string {
    return (this.#rules.renamed ?? []).reduce((text, [old, now]) => text.replace(old, now), name);
  }
}

/** What `requireAll` says and allows. */
export interface RequireOptions {
  /** Where the weights are from, for the message. */
  readonly file?: string | undefined;
  /** Whether parameters of a head may be missing, because they are to start fresh. Default: false. */
  readonly fresh?: boolean | undefined;
}

/** Problems that a message lists before it says how many more there are. */
const SHOWN = 10;

/**
 * Throws CheckpointError that lists by name what is missing, misshapen or not part of the model.
 */
export function requireAll(match: WeightMatch, { file, fresh = false }: RequireOptions = {}): void {
  const missing = match.missing.filter(({ head }) => !(fresh && head));
  const problems = [
    ...missing.map(({ name, shape }) => `missing: ${name} ${showShape(shape)}`),
    ...match.misshapen.map(misshapenLine),
    ...match.unexpected.map((name) => `not part of the model: ${name}`),
  ];
  if (problems.length === 0) return;
  const shown = problems.slice(0, SHOWN).map((problem) => `\n  ${problem}`);
  const more = problems.length > SHOWN ? `\n  and ${problems.length - SHOWN} more` : "";
  const what = file === undefined ? "The weights do" : `${file} does`;
  const onlyHead = problems.length === missing.length && missing.every(({ head }) => head);
  const hint = onlyHead
    ? "\nThis is a checkpoint of another task, without this head. Open it for that task, or ask for a fresh head ({ fresh: true }) and train it."
    : "";
  throw new CheckpointError(`${what} not fit the model that the config describes:${shown.join("")}${more}${hint}`);
}

function misshapenLine({ name, shape, stored, got }: MisshapenParameter): string {
  const as = stored === name ? "" : ` (stored as ${stored})`;
  return got.shape.join() === shape.join()
    ? `wrong dtype: ${name}${as} is ${got.dtype}, expected float32`
    : `wrong shape: ${name}${as} is ${showShape(got.shape)}, expected ${showShape(shape)}`;
}

/** `matchWeights` and `requireAll` for values that bear the parameters' own names. */
export function requireMatch(
  parameters: readonly NamedShape[],
  values: ReadonlyMap<string, TensorType>,
  file?: string,
): void {
  requireAll(matchWeights(parameters, values), { file });
}
