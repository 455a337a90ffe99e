// How the time of a token grows with width, depth, length and batch: four points each, around one small GPT.
import { engines, heedLanes } from "../engines.mjs";
import { inTurn } from "../lanes.mjs";
import { peerLane } from "../peers.mjs";
import { adamWSettings } from "../shapes.mjs";
import { secondsOfStep } from "../statistics.mjs";

const base = { layers: 4, width: 128, time: 128, batch: 4 };
const axes = [
  { axis: "width", points: [64, 128, 256, 512], figure: "width", title: "Growth with the width" },
  { axis: "layers", points: [2, 4, 8, 16], figure: "depth", title: "Growth with the depth" },
  {
    axis: "time",
    points: [64, 128, 256, 512],
    figure: "length",
    title: "Growth with the length",
    name: "tokens a sequence",
  },
  { axis: "batch", points: [1, 4, 16, 64], figure: "batch", title: "Growth with the batch", name: "sequences a batch" },
];

/** Every head has 32 columns. */
const shapeOf = (sizes) => ({ ...sizes, heads: sizes.width / 32, vocabulary: 65, positions: sizes.time });

export async function measure(context) {
  const { rounds, seconds, seed, quick, log } = context;
  const shapes = axes.flatMap(({ axis, points }) => points.map((value) => shapeOf({ ...base, [axis]: value })));
  const job = { shapes, seed };
  const specs = [
    ...heedLanes(
      "growth",
      job,
      engines.filter(({ precision }) => precision === "fp32"),
    ),
    peerLane(context, "PyTorch", "growth", { ...job, adamW: adamWSettings }),
  ];
  const order = quick ? [0, 1] : shapes.map((_, at) => at);
  const share = Math.min(seconds, 0.5);
  const turns = Array.from({ length: rounds }, () => order.map((at) => ({ do: "shape", at, seconds: share }))).flat();
  const lanes = await inTurn(specs, { turns, log: (text) => !text.includes("  round") && log(text) });
  const measuredAt = (lane, at) => {
    const found = lane.rounds.filter((_, i) => order[i % order.length] === at);
    return found.map((round) => (1e6 * secondsOfStep(round)) / round.steps[0][1]);
  };
  let first = 0;
  const parts = axes.flatMap(({ axis, points, figure, title, name = axis }) => {
    const places = points.map((_, i) => first + i).filter((at) => order.includes(at));
    const x = points.slice(0, places.length);
    first += points.length;
    if (x.length === 0) return [];
    const of = (lane) =>
      lane.missing === undefined
        ? { name: lane.name, ours: lane.ours, values: places.map((at) => measuredAt(lane, at)) }
        : { name: lane.name, ours: lane.ours, missing: lane.missing };
    const unit = "microseconds a token";
    return [{ kind: "curve", title, axis: name, unit, better: "less", x, figure, lanes: lanes.map(of) }];
  });
  const about = [
    `A training step (AdamW, no dropout) of a GPT of ${base.layers} layers, width ${base.width}, heads of 32 columns, ` +
      `${base.batch} × ${base.time} tokens, vocabulary 65; one size at a time is changed.`,
  ];
  return { about, parts };
}
