// What a machine can do at most: one large matrix product, in each library.
import { heedLanes } from "../engines.mjs";
import { entry, inTurn } from "../lanes.mjs";
import { peerLane } from "../peers.mjs";

const SIDE = 1024;

export async function measure(context) {
  const job = { products: [{ batch: 1, m: SIDE, n: SIDE, k: SIDE }] };
  const specs = [
    ...heedLanes("products", job),
    peerLane(context, "PyTorch", "products", job),
    peerLane(context, "PyTorch, bf16", "products", { ...job, bf16: true }),
  ];
  const turns = Array.from({ length: Math.max(context.rounds, context.quick ? 1 : 7) }, () => ({ do: "products" }));
  const lanes = await inTurn(specs, { turns, log: context.log });
  const part = {
    kind: "lanes",
    title: `${SIDE} × ${SIDE} by ${SIDE} × ${SIDE}`,
    about: ["Of Heed's engines the library behind them is measured: ONNX Runtime's product, and OpenVINO's."],
    unit: "GFLOP/s",
    better: "more",
    lanes: lanes.map((lane) => entry(lane, ({ seconds: [one] }) => (2 * SIDE ** 3) / one / 1e9)),
  };
  return { parts: [part] };
}
