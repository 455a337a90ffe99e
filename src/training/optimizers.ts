/**
 * Optimizers as graphs: one function from parameter, gradient and state to their next values. They are lowered to ONNX
 * like everything else and run in place.
 */
import type { Tensor } from "../graph/index.ts";

/** What an update is computed from. All are tensors of the parameter's shape, but for the scalars. */
export interface UpdateInputs {
  readonly parameter: Tensor;
  /** Already clipped. */
  readonly gradient: Tensor;
  readonly state: Readonly<Record<string, Tensor>>;
  /** Rank-0 values that change from update to update, by name. */
  readonly scalars: Readonly<Record<string, Tensor>>;
  /** Decoupled or L2 weight decay for this parameter; 0 for biases and norms. */
  readonly weightDecay: number;
}

export interface UpdateOutputs {
  readonly parameter: Tensor;
  readonly state: Readonly<Record<string, Tensor>>;
}

/** An update rule: its state, its scalars, and one step as a graph. */
export interface Optimizer {
  readonly name: string;
  /**
   * `elementwise` rules treat each element alone, so they run over the flat buffer in pieces that stay in the cache;
   * the others see each parameter as a whole.
   */
  readonly elementwise: boolean;
  /** The state of a parameter: slot name to shape. */
  readonly slots: (shape: readonly number[]) => Readonly<Record<string, readonly number[]>>;
  /** The scalars of an update (counted from 1), by name. */
  readonly scalars: (update: number, learningRate: number) => Readonly<Record<string, number>>;
  readonly update: (inputs: UpdateInputs) => UpdateOutputs;
}

/** Decays of the two running means and what keeps the divisor from zero. Defaults: .9, .98, 1e-9 (Vaswani et al. 2017). */
export interface AdamOptions {
  readonly beta1?: number | undefined;
  readonly beta2?: number | undefined;
  readonly epsilon?: number | undefined;
}

/** Adam's two running means, corrected for their start at zero (Kingma and Ba 2015, algorithm 1). */
function adamStep(
  { state, scalars }: UpdateInputs,
  gradient: Tensor,
  { beta1 = 0.9, beta2 = 0.98, epsilon = 1e-9 }: AdamOptions,
): { step: Tensor; state: Record<string, Tensor> } {
  const mean = state["mean"]!.mul(beta1).add(gradient.mul(1 - beta1));
  const variance = state["variance"]!.mul(beta2).add(gradient.mul(gradient).mul(1 - beta2));
  const deviation = variance.mul(scalars["varianceCorrection"]!).sqrt().add(epsilon);
  const step = mean.div(deviation).mul(scalars["stepSize"]!);
  return { step, state: { mean, variance } };
}

const adamSlots: Optimizer["slots"] = (shape) => ({ mean: shape, variance: shape });
const adamScalars = ({ beta1 = 0.9, beta2 = 0.98 }: AdamOptions): Optimizer["scalars"] => {
  return (update, learningRate) => ({
    learningRate,
    stepSize: learningRate / (1 - beta1 ** update),
    varianceCorrection: 1 / (1 - beta2 ** update),
  });
};

/** Adam (Kingma and Ba 2015); weight decay is added to the gradient. Defaults: Vaswani et al. 2017, section 5.3. */
export function adam(options: AdamOptions = {}): Optimizer {
  return {
    name: "adam",
    elementwise: true,
    slots: adamSlots,
    scalars: adamScalars(options),
    update: (inputs) => {
      const { parameter, gradient, weightDecay } = inputs;
      const decayed = weightDecay === 0 ? gradient : gradient.add(parameter.mul(weightDecay));
      const { step, state } = adamStep(inputs, decayed, options);
      return { parameter: parameter.sub(step), state };
    },
  };
}

/** AdamW (Loshchilov and Hutter 2019, algorithm 2): weight decay acts on the parameter, not on the gradient. */
export function adamW(options: AdamOptions = {}): Optimizer {
  return {
    name: "adamw",
    elementwise: true,
    slots: adamSlots,
    scalars: adamScalars(options),
    update: (inputs) => {
      const { parameter, gradient, weightDecay, scalars } = inputs;
      const { step, state } = adamStep(inputs, gradient, options);
      const kept =
        weightDecay === 0 ? parameter : parameter.sub(parameter.mul(scalars["learningRate"]!.mul(weightDecay)));
      return { parameter: kept.sub(step), state };
    },
  };
}

/** Default: momentum .9, not Nesterov's. */
export interface SgdOptions {
  readonly momentum?: number | undefined;
  readonly nesterov?: boolean | undefined;
}

/** Stochastic gradient descent with momentum, as PyTorch defines it: v ← μ v + g, θ ← θ − η v. */
export function sgd({ momentum = 0.9, nesterov = false }: SgdOptions = {}): Optimizer {
  return {
    name: "sgd",
    elementwise: true,
    slots: (shape) => (momentum === 0 ? {} : { velocity: shape }),
    scalars: (_, learningRate) => ({ learningRate }),
    update: ({ parameter, gradient, state, scalars, weightDecay }) => {
      const decayed = weightDecay === 0 ? gradient : gradient.add(parameter.mul(weightDecay));
      if (momentum === 0) return { parameter: parameter.sub(decayed.mul(scalars["learningRate"]!)), state: {} };
      const velocity = state["velocity"]!.mul(momentum).add(decayed);
      const step = nesterov ? decayed.add(velocity.mul(momentum)) : velocity;
      return { parameter: parameter.sub(step.mul(scalars["learningRate"]!)), state: { velocity } };
    },
  };
}

/** Constants of Shazeer and Stern 2018; the defaults are theirs. */
export interface AdafactorOptions {
  /** Decay of the running means: 1 − update^−decay. */
  readonly decay?: number | undefined;
  readonly clip?: number | undefined;
  readonly epsilon?: number | undefined;
  /** Multiplies the rate by the root mean square of the parameter, at least `epsilonScale`. */
  readonly scaleByParameter?: boolean | undefined;
  readonly epsilonScale?: number | undefined;
}

/**
 * Adafactor (Shazeer and Stern 2018, algorithms 4 and 5) without momentum: for matrices the second moment is kept as
 * one row and one column instead of a full matrix.
 */
export function adafactor(options: AdafactorOptions = {}): Optimizer {
  const { decay = 0.8, clip = 1, epsilon = 1e-30, scaleByParameter = true, epsilonScale = 1e-3 } = options;
  return {
    name: "adafactor",
    elementwise: false,
    slots: (shape): Readonly<Record<string, readonly number[]>> =>
      shape.length < 2
        ? { variance: shape }
        : { row: shape.slice(0, -1), column: [...shape.slice(0, -2), shape.at(-1)!] },
    scalars: (update, learningRate) => ({ learningRate, kept: 1 - update ** -decay }),
    update: ({ parameter, gradient, state, scalars, weightDecay }) => {
      const { kept, learningRate } = scalars;
      const running = (before: Tensor, now: Tensor): Tensor => before.mul(kept!).add(now.mul(kept!.rsub(1)));
      const square = gradient.mul(gradient).add(epsilon);
      const { next, inverseRoot } = secondMoment(state, square, running);
      const raw = gradient.mul(inverseRoot);
      const clipped = raw.div(raw.mul(raw).mean().sqrt().div(clip).maximum(1));
      const scale = parameter.mul(parameter).mean().sqrt().maximum(epsilonScale);
      const rate = scaleByParameter ? learningRate!.mul(scale) : learningRate!;
      const shrunk = weightDecay === 0 ? parameter : parameter.sub(parameter.mul(learningRate!.mul(weightDecay)));
      return { parameter: shrunk.sub(clipped.mul(rate)), state: next };
    },
  };
}

/** The running second moment and 1 / √ of it: full for vectors, row · column / mean(row) for matrices. */
function secondMoment(
  state: Readonly<Record<string, Tensor>>,
  square: Tensor,
  running: (before: Tensor, now: Tensor) => Tensor,
): { next: Record<string, Tensor>; inverseRoot: Tensor } {
  if (state["variance"] !== undefined) {
    const variance = running(state["variance"], square);
    return { next: { variance }, inverseRoot: variance.sqrt().rdiv(1) };
  }
  const row = running(state["row"]!, square.mean(-1));
  const column = running(state["column"]!, square.mean(-2));
  const rowRoot = row
    .div(row.mean(-1, { keep: true }))
    .sqrt()
    .rdiv(1)
    .unsqueeze(-1);
  return { next: { row, column }, inverseRoot: rowRoot.mul(column.sqrt().rdiv(1).unsqueeze(-2)) };
}

/** Optimizers by the names that configs use. */
export const optimizers = { adam, adamw: adamW, sgd, adafactor } as const;
/** The name of an optimizer. */
export type OptimizerName = keyof typeof optimizers;
