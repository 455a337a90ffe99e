/** Perceptrons (Rosenblatt 1958), trained by gradient descent on the logistic loss, and what one line cannot separate. */
import { random, recordsOf } from "heed";
import { concat, input, type Tensor } from "heed/graph";
import { linear, type Scope } from "heed/nn";
import type { HostTensor } from "heed/onnx";
import type { Objective } from "heed/training";
import { numbersOf, trainIn, wholeBatch, withEngine, type Work } from "./work.ts";

/** A point of the plane, and which of two classes it is in. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly label: 0 | 1;
}

const EACH = 10;

/** Clouds of ten points each around the given centers. */
function clouds(name: string, centers: readonly (readonly [x: number, y: number, label: 0 | 1])[]): Point[] {
  const draw = random(1, "perceptron", name);
  return centers.flatMap(([x, y, label]) =>
    Array.from({ length: EACH }, () => ({ x: x + 0.13 * draw.normal(), y: y + 0.13 * draw.normal(), label })),
  );
}

/** The three sets of points. */
export const sets: readonly { readonly name: string; readonly points: readonly Point[] }[] = [
  { name: "left and right", points: clouds("sides", [[-0.5, 0.4, 0], [-0.5, -0.4, 0], [0.5, 0.4, 1], [0.5, -0.4, 1]]) }, // prettier-ignore
  { name: "a corner", points: clouds("corner", [[-0.5, -0.5, 0], [-0.5, 0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 1]]) }, // prettier-ignore
  { name: "crosswise", points: clouds("crosswise", [[-0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 1], [0.5, -0.5, 1]]) }, // prettier-ignore
];

/** Cells along one side of the map of the plane, which goes from -1 to 1. */
export const SIDE = 25;
const COUNT = sets[0]!.points.length;

/** What one model says of its set. */
export interface Boundary {
  readonly name: string;
  /** How many of its points it gets right. */
  readonly right: number;
  readonly of: number;
  /** The chance of class 1 at each cell of the plane, [SIDE, SIDE], row 0 on top. */
  readonly plane: readonly number[];
  /** Which points it gets right. */
  readonly hits: readonly boolean[];
}

export interface Perceptrons {
  readonly losses: readonly number[];
  /** One for each set: a single line. */
  readonly lines: readonly Boundary[];
  /** With four hidden units, on the last set. */
  readonly hidden: Boundary;
}

const plane = (): Float32Array =>
  Float32Array.from({ length: 2 * SIDE * SIDE }, (_, i) => {
    const cell = Math.floor(i / 2);
    const at = i % 2 === 0 ? cell % SIDE : SIDE - 1 - Math.floor(cell / SIDE);
    return (2 * at) / (SIDE - 1) - 1;
  });

const pairs = (data: Float32Array): HostTensor => ({ dtype: "float32", shape: [data.length / 2, 2], data });

/** w · x + b for points [N, 2]: the sign is the class. */
const unit = (scope: Scope, x: Tensor): Tensor => linear(scope, x, 1, { initial: { kind: "normal", deviation: 0.1 } });

/** The same with four hidden units in between. */
const withHidden = (scope: Scope, x: Tensor): Tensor =>
  unit(scope.at("out"), linear(scope.at("in"), x, 4, { initial: { kind: "normal", deviation: 1 } }).tanh());

const models = [...sets.map((_, s) => ({ set: s, of: unit })), { set: sets.length - 1, of: withHidden }];

const objective: Objective = (scope) => {
  const losses = models.map(({ set, of }, m) => {
    const z = of(scope.at("model", m), input(`points ${set}`, "float32", [COUNT, 2]));
    return concat([z.zerosLike(), z], 1)
      .crossEntropy(input(`labels ${set}`, "int32", [COUNT]))
      .sum();
  });
  return { loss: losses.slice(1).reduce((sum, loss) => sum.add(loss), losses[0]!) };
};

function look(scope: Scope): Tensor {
  const cells = input("plane", "float32", [SIDE * SIDE, 2]);
  const chances = models.map(({ set, of }, m) => {
    const own = scope.at("model", m);
    scope.record(`points ${m}`, of(own, input(`points ${set}`, "float32", [COUNT, 2])).sigmoid());
    return scope.record(`plane ${m}`, of(own, cells).sigmoid());
  });
  return concat(chances, 1);
}

/** Trains a perceptron on each set, and one with hidden units on the last, at the same time. */
export function trainPerceptrons(work: Work): Promise<Perceptrons> {
  return withEngine(work, async (engine) => {
    const feeds = Object.fromEntries(
      sets.flatMap(({ points }, s) => [
        [`points ${s}`, pairs(Float32Array.from(points.flatMap(({ x, y }) => [x, y])))],
        [`labels ${s}`, { dtype: "int32", shape: [COUNT], data: Int32Array.from(points, ({ label }) => label) }],
      ]),
    ) as Record<string, HostTensor>;
    const { trainer, losses } = await trainIn(engine, work, {
      objective,
      batch: wholeBatch(feeds, COUNT, COUNT * models.length),
      updates: work.quick ? 150 : 300,
      learningRate: 0.1,
      clipNorm: 0,
    });
    const all = { ...feeds, plane: pairs(plane()) };
    const given = Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith("labels")));
    const records = await recordsOf(trainer.parameters, look, given, /^(points|plane) /);
    const boundary = (m: number): Boundary => {
      const { name, points } = sets[models[m]!.set]!;
      const chances = numbersOf(records.get(`points ${m}`));
      const right = points.map(({ label }, i) => chances[i]! > 0.5 === (label === 1));
      const map = Array.from(numbersOf(records.get(`plane ${m}`)));
      return { name, right: right.filter(Boolean).length, of: points.length, plane: map, hits: right };
    };
    return { losses, lines: sets.map((_, s) => boundary(s)), hidden: boundary(sets.length) };
  });
}
