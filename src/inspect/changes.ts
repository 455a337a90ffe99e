/** How far the parameters of two models of one shape are apart, asked piece by piece. */
import { CheckpointError } from "../errors/index.ts";
import { changeOf, type WeightChange } from "../insight/index.ts";
import type { AnswerOf, QuestionOf } from "./queries/index.ts";

/** Asks one model for its parameters. */
export interface ParameterSource {
  readonly list: () => Promise<AnswerOf<"weights">>;
  readonly values: (question: QuestionOf<"values">) => Promise<AnswerOf<"values">>;
}

/** What changed in one part, or in one parameter. */
export interface PartChange extends WeightChange {
  readonly name: string;
  /** difference / before; Infinity where what was zero is not any more. */
  readonly relative: number;
}

/** All that changed. */
export interface WeightChanges {
  readonly all: PartChange;
  readonly parts: readonly PartChange[];
  readonly parameters: readonly (PartChange & { readonly part: string })[];
}

/**
 * Compares every parameter. Throws CheckpointError that names what one model has and the other has not, or has in
 * another shape; `progress` is told how many parameters were compared.
 */
export async function weightChanges(
  before: ParameterSource,
  after: ParameterSource,
  progress?: (done: number, total: number) => void,
): Promise<WeightChanges> {
  const [left, right] = await Promise.all([before.list(), after.list()]);
  const shapes = new Map(right.parameters.map(({ name, shape }) => [name, shape.join("×")]));
  for (const { name, shape } of left.parameters) {
    const other = shapes.get(name);
    if (other !== shape.join("×")) throw unlike(name, shape.join("×"), other);
  }
  if (left.parameters.length !== right.parameters.length) {
    const known = new Set(left.parameters.map(({ name }) => name));
    const more = right.parameters.find(({ name }) => !known.has(name))!;
    throw unlike(more.name, undefined, more.shape.join("×"));
  }
  const parameters: (PartChange & { readonly part: string })[] = [];
  for (const [i, { name, part }] of left.parameters.entries()) {
    progress?.(i, left.parameters.length);
    parameters.push({ ...named(name, await changeOfOne(before, after, name)), part });
  }
  const parts = [...new Set(parameters.map(({ part }) => part))].map((part) =>
    named(part, together(parameters.filter((one) => one.part === part))),
  );
  return { all: named("all", together(parameters)), parts, parameters };
}

const unlike = (name: string, left = "absent", right = "absent"): CheckpointError =>
  new CheckpointError(`The models are of two shapes: ${name} is ${left} in one and ${right} in the other.`);

async function changeOfOne(before: ParameterSource, after: ParameterSource, name: string): Promise<WeightChange> {
  let change: WeightChange | undefined;
  for (let first = 0, size = 1; first < size;) {
    const [left, right] = await Promise.all([before.values({ name, first }), after.values({ name, first })]);
    const [a, b] = [left, right].map(({ tensors }) => tensors.values.data as Float32Array);
    change = changeOf(a!, b!, change);
    size = left.size;
    first += a!.length;
  }
  return change!;
}

function named(name: string, change: WeightChange): PartChange {
  const { difference, before } = change;
  return { ...change, name, relative: difference === 0 ? 0 : difference / before };
}

function together(changes: readonly WeightChange[]): WeightChange {
  const norm = (of: "difference" | "before" | "after"): number => Math.hypot(...changes.map((one) => one[of]));
  return {
    ...{ difference: norm("difference"), before: norm("before"), after: norm("after") },
    largest: Math.max(...changes.map(({ largest }) => largest)),
  };
}
