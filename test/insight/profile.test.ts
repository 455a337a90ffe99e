/** Amounts by op, place and room, from a made-up list of times. */
import { describe, expect, it } from "vitest";
import {
  groupNodes,
  layerOf,
  nodeOrigin,
  nodeShares,
  partOf,
  roomsOf,
  sublayerOf,
  type MeasuredSteps,
} from "../../src/insight/index.ts";

/** Three steps; the first one does not count. The update has two pieces a step. */
const measured: MeasuredSteps = {
  trainingProgram: "training step",
  stepMilliseconds: [90, 20, 30],
  batchMilliseconds: [9, 1, 2],
  counted: [1, 2],
  programs: [
    {
      program: 1,
      name: "training step",
      milliseconds: [80, 14, 20],
      nodes: [
        { node: "model.encoder.layers.0.fc1/Gemm_1", op: "Gemm", milliseconds: [50, 3, 5], operations: [9, 100, 300] },
        {
          node: "model.encoder.layers.0.fc1/backward/MatMul_7/MatMulScaleFusion/",
          op: "FusedMatMul",
          milliseconds: [9, 4, 6],
          operations: [9, 10, 20],
        },
        { node: "model.encoder.layers.1.fc1/Gemm_2", op: "Gemm", milliseconds: [9, 1, 2], operations: [9, 1, 3] },
        { node: "made by the engine", op: "Cast", milliseconds: [9, 1, 1] },
      ],
    },
    {
      program: 2,
      name: "adam update",
      milliseconds: [8, 8, 1, 2, 1, 2],
      nodes: [{ node: "Mul_3", op: "Mul", milliseconds: [8, 8, 1, 1, 1, 1] }],
    },
  ],
};
const nodes = nodeShares(measured);

describe("nodes in a mean step", () => {
  it("have their time, runs and operations of the steps that count", () => {
    expect(
      nodes.map(({ op, place, phase, milliseconds, runs, operations }) => [
        op,
        place,
        phase,
        milliseconds,
        runs,
        operations,
      ]),
    ).toEqual([
      ["Gemm", "model.encoder.layers.0.fc1", "forward", 4, 1, 200],
      ["FusedMatMul", "model.encoder.layers.0.fc1", "backward", 5, 1, 15],
      ["Gemm", "model.encoder.layers.1.fc1", "forward", 1.5, 1, 2],
      ["Cast", "", "forward", 1, 1, 0],
      ["Mul", "adam update", "optimizer", 2, 2, 0],
    ]);
  });

  it("are added up by what they have in common", () => {
    const zero = { forward: 0, backward: 0, optimizer: 0 };
    expect(groupNodes(nodes, ({ place }) => layerOf(place))).toEqual([
      {
        name: "encoder.layers.0",
        milliseconds: 9,
        phases: { ...zero, forward: 4, backward: 5 },
        runs: 2,
        operations: 215,
      },
      { name: "encoder.layers.1", milliseconds: 1.5, phases: { ...zero, forward: 1.5 }, runs: 1, operations: 2 },
      { name: "elsewhere", milliseconds: 1, phases: { ...zero, forward: 1 }, runs: 1, operations: 0 },
      { name: "adam update", milliseconds: 2, phases: { ...zero, optimizer: 2 }, runs: 2, operations: 0 },
    ]);
    const parts = groupNodes(nodes, ({ place }) => partOf(place)).map(({ name, milliseconds }) => [name, milliseconds]);
    expect(parts).toContainEqual(["encoder.layers.*.fc1", 10.5]);
    const ops = groupNodes(nodes, ({ op }) => op).map(({ name, runs }) => [name, runs]);
    expect(ops).toEqual([
      ["Gemm", 2],
      ["FusedMatMul", 1],
      ["Cast", 1],
      ["Mul", 2],
    ]);
  });

  it("leave what is not theirs: the rooms of a step add up to its time by the clock", () => {
    const rooms = roomsOf(measured, nodes);
    expect(rooms.map(({ name, milliseconds }) => [name, milliseconds])).toEqual([
      ["forward", 6.5],
      ["backward", 5],
      ["optimizer", 2],
      ["engine, between ops", 6.5], // 17 + 3 in programs, 13.5 in nodes
      ["calls of the engine", 5], // 25 by the clock, 20 in programs
      ["batches", 1.5],
    ]);
    expect(rooms.reduce((sum, { milliseconds }) => sum + milliseconds, 0)).toBe(25 + 1.5);
  });
});

describe("places", () => {
  it.each([
    [
      "model.decoder.layers.12.self_attn.q_proj",
      "decoder.layers.12",
      "decoder.layers.12.self_attn",
      "decoder.layers.*.self_attn",
    ],
    ["model.decoder.layers.12", "decoder.layers.12", "decoder.layers.12", "decoder.layers.*"],
    ["blocks.0.parts.1.fc", "blocks.0", "blocks.0.parts", "blocks.*.parts"],
    ["model.shared", "shared", "shared", "shared"],
    ["", "elsewhere", "elsewhere", "elsewhere"],
  ])("%s", (place, layer, sublayer, part) => {
    expect([layerOf(place), sublayerOf(place), partOf(place)]).toEqual([layer, sublayer, part]);
  });

  it.each([
    ["a.0.b/backward/MatMul_12", "a.0.b", true],
    ["a.0.b/MatMul_12/MatMulScaleFusion/", "a.0.b", false],
    ["backward/Mul_1", "", true],
    ["a/backward/backward/Mul_1", "a", true],
    ["MatMul_12", "", false],
    ["MatMul_12/MatMulScaleFusion/", "", false],
    ["block_1/MatMul_3", "block_1", false],
    ["something else", "", false],
  ])("read from the name %s", (name, label, backward) => {
    expect(nodeOrigin(name)).toEqual({ label, backward });
  });
});
