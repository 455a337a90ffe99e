/**
 * Where the time of a training step goes: the times that an engine measured for nodes, as amounts of a mean step, added
 * up by op, by place in the model and by phase.
 */
import type { ProgramTimes } from "../runtime/index.ts";

/** What was measured: some steps, of which some count. */
export interface MeasuredSteps {
  readonly programs: readonly ProgramTimes[];
  /** Milliseconds by the clock of each step, and of the making of its batch before. */
  readonly stepMilliseconds: readonly number[];
  readonly batchMilliseconds: readonly number[];
  /** The steps that count, numbered from 0: others warmed up, or were disturbed. */
  readonly counted: readonly number[];
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

/** What the nodes of all programs took in a mean step, the training program's first. */
export function nodeShares(measured: MeasuredSteps): NodeShare[] {
  const { programs, trainingProgram, counted } = measured;
  const isTraining = ({ name }: ProgramTimes): boolean => name === trainingProgram;
  const ordered = [...programs.filter(isTraining), ...programs.filter((program) => !isTraining(program))];
  return ordered.flatMap(({ name: program, nodes }) =>
    nodes.map(({ node, op, milliseconds, operations = [] }) => {
      const { label, backward } = nodeOrigin(node);
      const training = program === trainingProgram;
      return {
        node,
        program,
        op,
        place: training ? label : program,
        phase: training ? (backward ? ("backward" as const) : ("forward" as const)) : ("optimizer" as const),
        milliseconds: sum(ofCounted(milliseconds, measured)) / counted.length,
        runs: ofCounted(milliseconds, measured).length / counted.length,
        operations: sum(ofCounted(operations, measured)) / counted.length,
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
    /^(?:(?!backward\/)(?<label>[^/]+)\/)?(?<backward>(?:backward\/)*)[A-Za-z]+_\d+(?:\/|$)/.exec(name)?.groups ?? {};
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
  const { programs, stepMilliseconds, batchMilliseconds, counted } = measured;
  const mean = (values: readonly number[]): number => sum(ofCounted(values, measured)) / counted.length;
  const engine = sum(programs.map(({ milliseconds }) => mean(milliseconds)));
  const ofPhase = (phase: Phase): number =>
    sum(nodes.filter((node) => node.phase === phase).map(({ milliseconds }) => milliseconds));
  const phases = (["forward", "backward", "optimizer"] as const).map((name) => ({ name, milliseconds: ofPhase(name) }));
  const inNodes = sum(phases.map(({ milliseconds }) => milliseconds));
  return [
    ...phases,
    { name: "engine, between ops", milliseconds: engine - inNodes },
    { name: "calls of the engine", milliseconds: mean(stepMilliseconds) - engine },
    { name: "batches", milliseconds: mean(batchMilliseconds) },
  ];
}

/** The values that belong to steps that count: every step has equally many. */
function ofCounted(values: readonly number[], { counted, stepMilliseconds }: MeasuredSteps): readonly number[] {
  const each = values.length / stepMilliseconds.length;
  return counted.flatMap((step) => values.slice(Math.round(step * each), Math.round((step + 1) * each)));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
