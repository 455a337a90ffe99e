// The matrix products of a training step, found in its traced graph.
import { gradients, nodesOf } from "heed/graph";
import { Trace } from "heed/nn";

/** The distinct products of an objective's forward and backward pass, sizes fixed: {batch, m, n, k, times}. */
export function productsOf(objective) {
  const trace = new Trace("training");
  const { loss } = objective(trace.scope);
  const parameters = [...trace.parameters.values()].map(({ tensor }) => tensor);
  const found = new Map();
  for (const node of nodesOf([loss, ...gradients(loss, parameters)])) {
    const product = productOf(node);
    if (product === undefined) continue;
    const key = Object.values(product).join();
    found.set(key, { ...product, times: (found.get(key)?.times ?? 0) + 1 });
  }
  return [...found.values()];
}

const size = (dimensions) => dimensions.reduce((product, d) => product * d, 1);

/** What a node multiplies: rows m by columns n over the inner size k, `batch` times; undefined where it does not. */
function productOf({ op, inputs, outputs }) {
  const out = outputs[0].shape;
  // What is not a product over an inner axis (element-wise ops, sums) is not part of the floor.
  if (op.name === "matmul") {
    const [a, b] = inputs.map(({ shape }) => shape);
    const flat = b.length === 2;
    const front = size(out.slice(0, -2));
    return { batch: flat ? 1 : front, m: flat ? front * a.at(-2) : a.at(-2), n: b.at(-1), k: a.at(-1) };
  }
  if (op.name === "linear") return { batch: 1, m: size(out.slice(0, -1)), n: out.at(-1), k: inputs[0].shape.at(-1) };
  return undefined;
}

/** Floating-point operations of products. */
export const flops = (products) =>
  products.reduce((sum, { batch, m, n, k, times }) => sum + 2 * batch * m * n * k * times, 0);
