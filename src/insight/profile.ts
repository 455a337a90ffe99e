/**
 * Where the time of a training step goes: the times that an engine measured for nodes, as amounts of a mean step, added
 * up by op, by place in the model and by phase.
 */
import type { ProgramTimes } from "../runtime/index.ts";

/** What was measured: some steps, of which the first ones only warmed up. */
export interface MeasuredSteps {
  readonly programs: readonly ProgramTimes[];
  /** Steps that count, and those before them that do not. */
  readonly steps: number;
  readonly warmUp: number;
  /** Milliseconds by the clock of each step that counts, and of the making of its batch before. */
  readonly stepMilliseconds: readonly number[];
  readonly batchMilliseconds: readonly number[];
  /** The program with the forward and the backward pass; all others are the optimizer's. */
  readonly trainingProgram: string;
}

/** A node in a mean step. */
export interface NodeShare {
  /** Its name in the program. */
  readonly node: string;
  readonly program: string;
  /** What was executed, by the engine's name. */
  readonly op: string;
  /** The path in the model where it was made; the program's name for nodes of the optimizer; "" where nothing is known. */
  readonly place: string;
  readonly phase: Phase;
  readonly milliseconds: number;
  /** Executions a step. */
  readonly runs: number;
  /** Additions and multiplications a step, of matrix products; 0 for other ops and where the engine does not tell. */
  readonly operations: number;
}

/** A pass of a training step. */
export type Phase = "forward" | "backward" | "optimizer";

/** Nodes that have something in common, in a mean step. */
export interface NodeGroup {
  readonly name: string;
  readonly milliseconds: number;
  /** The same by pass. */
  readonly phases: Readonly<Record<Phase, number>>;
  readonly runs: number;
  readonly operations: number;
}

/** A part of a step by the clock. */
export interface Room {
  readonly name: string;
  readonly milliseconds: number;
}

/** What the nodes of a program took in a mean step. Executions while warming up are left out. */
export function nodeShares({ programs, steps, warmUp, trainingProgram }: MeasuredSteps): NodeShare[] {
  const ofStep = (values: readonly number[]): number => sum(counted(values, steps, warmUp)) / steps;
  return programs.flatMap(({ name: program, nodes }) =>
    nodes.map(({ node, op, milliseconds, operations = [] }) => {
      const { label, backward } = nodeOrigin(node);
      const training = program === trainingProgram;
      return {
        node,
        program,
        op,
        place: training ? label : program,
        phase: training ? (backward ? ("backward" as const) : ("forward" as const)) : ("optimizer" as const),
        milliseconds: ofStep(milliseconds),
        runs: counted(milliseconds, steps, warmUp).length / steps,
        operations: ofStep(operations),
      };
    }),
  );
}

/**
 * The place of a node and its pass, read from its name: `encoder.layers.0.fc1/backward/MatMul_12`, to which engines may
 * add what they made of it. Nodes without a place are named `MatMul_12`.
 */
export function nodeOrigin(name: string): { readonly label: string; readonly backward: boolean } {
  const { label = "", backward } =
    /^(?:(?<label>[^/]*)\/)??(?<backward>(?:backward\/)*)[A-Za-z]+_\d+(?:\/|$)/.exec(name)?.groups ?? {};
  return { label, backward: backward !== undefined && backward !== "" };
}

/** Nodes with the same key added up, in the order in which the keys come. */
export function groupNodes(nodes: readonly NodeShare[], key: (node: NodeShare) => string): NodeGroup[] {
  const groups = new Map<string, NodeGroup>();
  for (const node of nodes) {
    const name = key(node);
    const before = groups.get(name);
    const phases = { forward: 0, backward: 0, optimizer: 0, ...before?.phases };
    phases[node.phase] += node.milliseconds;
    groups.set(name, {
      name,
      phases,
      milliseconds: (before?.milliseconds ?? 0) + node.milliseconds,
      runs: (before?.runs ?? 0) + node.runs,
      operations: (before?.operations ?? 0) + node.operations,
    });
  }
  return [...groups.values()];
}

/** The layer of a place: `model.encoder.layers.0.self_attn.q_proj` is in `encoder.layers.0`. */
export function layerOf(place: string): string {
  const path = withoutModel(place);
  return /^.*?\.\d+(?=\.|$)/.exec(path)?.[0] ?? path;
}

/** The sublayer of a place: `model.encoder.layers.0.self_attn.q_proj` is in `encoder.layers.0.self_attn`. */
export function sublayerOf(place: string): string {
  const path = withoutModel(place);
  return /^.*?\.\d+(?:\.[^.]+)?/.exec(path)?.[0] ?? path;
}

/** The sublayer in any layer: `encoder.layers.*.self_attn`. */
export const partOf = (place: string): string => sublayerOf(place).replace(/\.\d+(?=\.|$)/g, ".*");

const withoutModel = (place: string): string => (place === "" ? ELSEWHERE : place.replace(/^model\./, ""));
/** Of nodes whose names say nothing. */
const ELSEWHERE = "elsewhere";

/**
 * The parts of a mean step by the clock: the passes; what the engine does between nodes; the calls of the engine (their
 * messages, copies of inputs and results, and what the trainer does in between); the making of the batch.
 */
export function roomsOf(measured: MeasuredSteps, nodes: readonly NodeShare[]): Room[] {
  const { programs, steps, warmUp, stepMilliseconds, batchMilliseconds } = measured;
  const engine = sum(programs.map(({ milliseconds }) => sum(counted(milliseconds, steps, warmUp)))) / steps;
  const ofPhase = (phase: Phase): number =>
    sum(nodes.filter((node) => node.phase === phase).map(({ milliseconds }) => milliseconds));
  const phases = (["forward", "backward", "optimizer"] as const).map((name) => ({ name, milliseconds: ofPhase(name) }));
  const inNodes = sum(phases.map(({ milliseconds }) => milliseconds));
  return [
    ...phases,
    { name: "engine, between ops", milliseconds: engine - inNodes },
    { name: "calls of the engine", milliseconds: sum(stepMilliseconds) / steps - engine },
    { name: "batches", milliseconds: sum(batchMilliseconds) / steps },
  ];
}

/** Without the first ones, which warmed up: every step runs a program equally often. */
function counted(values: readonly number[], steps: number, warmUp: number): readonly number[] {
  return values.slice(Math.round((values.length * warmUp) / (warmUp + steps)));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
