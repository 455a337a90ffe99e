/** The optimizer inside the engine: the global norm of the gradients, and the update of all parameters in place. */
import { dimension, input, type Tensor } from "../graph/index.ts";
import { lower, type Program } from "../onnx/index.ts";
import { PARAMETERS, type Layout, type ModelParameters } from "../nn/index.ts";
import type { Call, Engine, Values, View } from "../runtime/index.ts";
import type { Optimizer } from "./optimizers.ts";

/** The resident that holds all gradients, laid out as the parameters are. */
export const GRADIENTS = "gradients";
/** What each gradient is multiplied by before the update: 1, or less where the global norm is too large. */
const CLIP = "clip";
const PARTIAL_NORMS = "partial norms";
/** Elements of a piece: parameter, gradient and state of one piece stay in the cache together. */
const PIECE = 65_536;
/** Elements of a piece that are summed on their own; a part of PIECE. */
const ROW = 256;

export interface UpdateOptions {
  readonly optimizer: Optimizer;
  readonly weightDecay: number;
  /** The largest global norm of the gradients; 0 for no clipping. */
  readonly clipNorm: number;
  /** Decay of the exponential moving average of the parameters; 0 for none. */
  readonly movingAverage: number;
  /** What the learning rate of a parameter is multiplied by, by its name. Default: 1 for all. */
  readonly rates?: ((name: string) => number) | undefined;
  /** After how many updates a parameter begins to be trained, by its name. Default: 0 for all. */
  readonly starts?: ((name: string) => number) | undefined;
}

/** The resident of the moving average. */
export const AVERAGE = "moving average";

/** A part of the flat residents that is updated at once. */
interface Piece {
  readonly program: number;
  readonly bind: Readonly<Record<string, View>>;
  /** After how many updates it begins to be trained. */
  readonly start: number;
}

/** The programs and calls of an update, loaded into an engine. */
export class Updater {
  readonly #engine: Engine;
  readonly #optimizer: Optimizer;
  readonly #stages: readonly Stage[];
  readonly #averageCalls: readonly Call[];
  /** The residents of the optimizer's state, with their lengths. */
  readonly residents: ReadonlyMap<string, number>;

  private constructor(
    engine: Engine,
    optimizer: Optimizer,
    stages: readonly Stage[],
    averageCalls: readonly Call[],
    residents: ReadonlyMap<string, number>,
  ) {
    this.#engine = engine;
    this.#optimizer = optimizer;
    this.#stages = stages;
    this.#averageCalls = averageCalls;
    this.residents = residents;
  }

  /** Allocates gradients and state, and loads the programs. */
  static async create({ engine, layout }: ModelParameters, options: UpdateOptions): Promise<Updater> {
    await engine.allocate(GRADIENTS, "float32", layout.trained);
    const residents = new Map<string, number>();
    const { pieces, state } = options.optimizer.elementwise
      ? await loadElementwise(engine, layout, options)
      : await loadWhole(engine, layout, options);
    const stages = await loadStages(engine, layout, options, pieces);
    for (const [name, length] of state) residents.set(name, length);
    const average: Call[] = [];
    if (options.movingAverage > 0) {
      residents.set(AVERAGE, layout.size);
      average.push(...(await loadAverage(engine, layout, options.movingAverage)));
    }
    for (const [name, length] of residents) await engine.allocate(name, "float32", length);
    if (options.movingAverage > 0) await engine.write(AVERAGE, (await engine.read(PARAMETERS)).data);
    return new Updater(engine, options.optimizer, stages, average, residents);
  }

  #begun(update: number): readonly Stage[] {
    return this.#stages.filter(({ start }) => start < update);
  }

  /** After how many updates the last of what an update (counted from 1) trains has begun. */
  stageAt(update: number): number {
    return this.#begun(update).at(-1)?.start ?? 0;
  }

  /** The calls that compute the global norm of what this update trains, which the last of them fetches as `norm`. */
  normCalls(update: number): readonly Call[] {
    return this.#begun(update).at(-1)!.normCalls;
  }

  /** Applies the gradients: one update, counted from 1. */
  async apply(update: number, learningRate: number): Promise<void> {
    const begun = this.#begun(update);
    for (const [i, { start, updateCalls }] of begun.entries()) {
      const calls = i < begun.length - 1 ? updateCalls : [...updateCalls, ...this.#averageCalls];
      await this.#engine.run(calls, scalarFeeds(this.#optimizer.scalars(update - start, learningRate)));
    }
  }
}

/** What begins to be trained after so many updates, and the norm of all that has begun by then. */
interface Stage {
  readonly start: number;
  readonly updateCalls: readonly Call[];
  readonly normCalls: readonly Call[];
}

async function loadStages(
  engine: Engine,
  layout: Layout,
  options: UpdateOptions,
  pieces: readonly Piece[],
): Promise<Stage[]> {
  const starts = [...new Set([0, ...pieces.map(({ start }) => start)])].sort((a, b) => a - b);
  const parts = partsOf(layout, { weightDecay: 0, starts: options.starts });
  const stages: Stage[] = [];
  for (const start of starts) {
    const begun =
      start === starts.at(-1) ? [{ start: 0, end: layout.trained }] : parts.filter((one) => one.after <= start);
    const updateCalls = pieces.filter((piece) => piece.start === start).map(({ program, bind }) => ({ program, bind }));
    stages.push({ start, updateCalls, normCalls: await loadNorm(engine, begun, options.clipNorm) });
  }
  const most = Math.max(...stages.map(({ normCalls }) => normCalls.length - 1));
  await engine.allocate(PARTIAL_NORMS, "float32", most);
  await engine.allocate(CLIP, "float32", 1);
  return stages;
}

/** Rank-0 tensors from numbers. */
export function scalarFeeds(scalars: Readonly<Record<string, number>>): Values {
  const entries = Object.entries(scalars).map(([name, value]) => [
    name,
    { dtype: "float32" as const, shape: [], data: Float32Array.of(value) },
  ]);
  return Object.fromEntries(entries) as Values;
}

const n = dimension("n");

/** What sums up over many steps must not be rounded at each, whatever the precision of the model's products. */
const exactly = (name: string, outputs: Readonly<Record<string, Tensor>>): Program =>
  lower(name, outputs, { exact: true });

function piecesOf(start: number, end: number): { offset: number; length: number }[] {
  const count = Math.ceil((end - start) / PIECE);
  return Array.from({ length: count }, (_, i) => {
    const offset = start + i * PIECE;
    return { offset, length: Math.min(PIECE, end - offset) };
  });
}

/** Each piece's sum of squares, then √ of their sum and min(1, clipNorm / norm) (Pascanu et al. 2013, algorithm 1). */
async function loadNorm(
  engine: Engine,
  begun: readonly { readonly start: number; readonly end: number }[],
  clipNorm: number,
): Promise<Call[]> {
  const gradient = input("gradient", "float32", [dimension("rows"), dimension("width")]);
  const squares = gradient.mul(gradient).sum(-1).sum().reshape([1]);
  const partial = await engine.load(exactly("sum of squares", { partial: squares }));
  const pieces = begun.flatMap(({ start, end }) => rowsOf(start, end));
  const partials = input("partials", "float32", [pieces.length]);
  const norm = partials.sum().sqrt();
  const clip = clipNorm === 0 ? norm.onesLike() : norm.add(1e-6).rdiv(clipNorm).minimum(1);
  const total = await engine.load(exactly("global norm", { norm, clip }));
  const calls: Call[] = pieces.map((piece, i) => ({
    program: partial,
    bind: {
      gradient: { resident: GRADIENTS, ...piece },
      partial: { resident: PARTIAL_NORMS, offset: i, shape: [1] },
    },
  }));
  const bind = { partials: { resident: PARTIAL_NORMS, shape: [pieces.length] }, clip: { resident: CLIP, shape: [] } };
  return [...calls, { program: total, bind, fetch: ["norm"] }];
}

/**
 * Pieces as rows of a width whose sums are added up in turn, for a long sum of squares loses digits: one number after
 * another, as OpenVINO adds them, 65,536 are off by 2e-5. The end of the last piece is a row of its own.
 */
function rowsOf(start: number, end: number): { offset: number; shape: [number, number] }[] {
  return piecesOf(start, end).flatMap(({ offset, length }) => {
    const rows = Math.floor(length / ROW);
    const rest = length - rows * ROW;
    const whole = { offset, shape: [rows, ROW] as [number, number] };
    const last = { offset: offset + rows * ROW, shape: [1, rest] as [number, number] };
    return [...(rows > 0 ? [whole] : []), ...(rest > 0 ? [last] : [])];
  });
}

type Loaded = { pieces: Piece[]; state: ReadonlyMap<string, number> };

/** One small program over pieces of the flat residents; parts that decay or learn otherwise differ in a constant. */
async function loadElementwise(engine: Engine, layout: Layout, options: UpdateOptions): Promise<Loaded> {
  const { optimizer } = options;
  const slots = Object.keys(optimizer.slots([1]));
  const programs = new Map<string, number>();
  const pieces: Piece[] = [];
  for (const { start, end, decay, rate, after } of partsOf(layout, options)) {
    const key = `${decay} ${rate}`;
    const program = programs.get(key) ?? (await engine.load(updateProgram(optimizer, [n], decay, rate)));
    programs.set(key, program);
    for (const { offset, length } of piecesOf(start, end)) {
      const view = (resident: string): View => ({ resident, offset, shape: [length] });
      const state = Object.fromEntries(slots.flatMap((slot) => both(slot, view(`optimizer ${slot}`))));
      const parameter = Object.fromEntries(both("parameter", view(PARAMETERS)));
      const bind = { ...parameter, ...state, gradient: view(GRADIENTS), clip: { resident: CLIP, shape: [] } };
      pieces.push({ program, bind, start: after });
    }
  }
  return { pieces, state: new Map(slots.map((slot) => [`optimizer ${slot}`, layout.trained])) };
}

/** A stretch of the flat residents whose parameters decay and learn alike. */
interface Part {
  readonly start: number;
  readonly end: number;
  readonly decay: number;
  readonly rate: number;
  /** After how many updates they begin to be trained. */
  readonly after: number;
}

/** All that is trained, in stretches as long as can be. */
function partsOf(
  { places, trained, decayed }: Layout,
  { weightDecay, rates, starts }: Pick<UpdateOptions, "weightDecay" | "rates" | "starts">,
): Part[] {
  const parts: Part[] = [];
  const inOrder = [...places].filter(([, { offset }]) => offset < trained).sort(([, a], [, b]) => a.offset - b.offset);
  for (const [i, [name, { offset }]] of inOrder.entries()) {
    const end = inOrder[i + 1]?.[1].offset ?? trained;
    const [rate, after] = [rates?.(name) ?? 1, starts?.(name) ?? 0];
    const part = { start: offset, end, decay: offset < decayed ? weightDecay : 0, rate, after };
    const last = parts.at(-1);
    const alike = last?.decay === part.decay && last.rate === rate && last.after === after;
    if (alike) parts[parts.length - 1] = { ...last, end };
    else parts.push(part);
  }
  return parts;
}

/** One program for each shape of parameter, and for each with weight decay and without. */
async function loadWhole(engine: Engine, layout: Layout, options: UpdateOptions): Promise<Loaded> {
  const { optimizer, weightDecay, rates, starts } = options;
  const programs = new Map<string, number>();
  const sizes = new Map<string, number>();
  const pieces: Piece[] = [];
  for (const [name, { offset, shape }] of layout.places) {
    if (offset >= layout.trained) continue;
    const decay = offset < layout.decayed ? weightDecay : 0;
    const rate = rates?.(name) ?? 1;
    const key = `${shape.join()} ${decay} ${rate}`;
    let program = programs.get(key);
    if (program === undefined) {
      program = await engine.load(updateProgram(optimizer, shape, decay, rate));
      programs.set(key, program);
    }
    const view = (resident: string): View => ({ resident, offset, shape });
    const state = Object.entries(optimizer.slots(shape)).flatMap(([slot, slotShape]) => {
      const resident = `optimizer ${slot}`;
      const start = sizes.get(resident) ?? 0;
      sizes.set(resident, start + slotShape.reduce((product, d) => product * d, 1));
      return both(slot, { resident, offset: start, shape: slotShape });
    });
    const parameter = both("parameter", view(PARAMETERS));
    const bind = { gradient: view(GRADIENTS), clip: { resident: CLIP, shape: [] } };
    const start = starts?.(name) ?? 0;
    pieces.push({ program, start, bind: { ...bind, ...Object.fromEntries([...parameter, ...state]) } });
  }
  return { pieces, state: sizes };
}

/** A port and the port of its next value see the same memory. */
const both = (name: string, view: View): [string, View][] => [
  [name, view],
  [`next ${name}`, view],
];

function updateProgram(optimizer: Optimizer, shape: Tensor["shape"], weightDecay: number, rate: number): Program {
  const of = (name: string, size: Tensor["shape"] = shape): Tensor => input(name, "float32", size);
  const slots = optimizer.slots(shape as readonly number[]);
  const state = Object.fromEntries(Object.entries(slots).map(([slot, size]) => [slot, of(slot, size)]));
  // What is zero without a learning rate is proportional to it.
  const [still, moving] = [optimizer.scalars(1, 0), optimizer.scalars(1, 1)];
  const scalars = Object.fromEntries(
    Object.keys(still).map((name) => {
      const scaled = rate !== 1 && still[name] === 0 && moving[name] !== 0;
      return [name, scaled ? of(name, []).mul(rate) : of(name, [])];
    }),
  );
  const gradient = of("gradient").mul(of("clip", []));
  const next = optimizer.update({ parameter: of("parameter"), gradient, state, scalars, weightDecay });
  const nextState = Object.entries(next.state).map(([slot, tensor]) => [`next ${slot}`, tensor]);
  const outputs = { ...Object.fromEntries(nextState), "next parameter": next.parameter } as Record<string, Tensor>;
  return exactly(`${optimizer.name} update`, outputs);
}

/** average ← decay · average + (1 − decay) · parameter; what is not trained is its own average. */
async function loadAverage(engine: Engine, layout: Layout, decay: number): Promise<Call[]> {
  const average = input("average", "float32", [n]).mul(decay);
  const next = average.add(input("parameter", "float32", [n]).mul(1 - decay));
  const program = await engine.load(exactly("moving average", { "next average": next }));
  return piecesOf(0, layout.trained).map(({ offset, length }) => {
    const view = (resident: string): View => ({ resident, offset, shape: [length] });
    return { program, bind: { ...Object.fromEntries(both("average", view(AVERAGE))), parameter: view(PARAMETERS) } };
  });
}

/** Adds gradients of a further part of the batch to those that are there. */
export async function loadAccumulate(engine: Engine, layout: Layout, part: string): Promise<Call[]> {
  const sum = input("gradient", "float32", [n]).add(input("part", "float32", [n]));
  const program = await engine.load(exactly("accumulate", { "next gradient": sum }));
  return piecesOf(0, layout.trained).map(({ offset, length }) => {
    const view = (resident: string): View => ({ resident, offset, shape: [length] });
    return { program, bind: { ...Object.fromEntries(both("gradient", view(GRADIENTS))), part: view(part) } };
  });
}
