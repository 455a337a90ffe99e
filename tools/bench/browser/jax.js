// The same GPT, loss, clipping and AdamW in jax-js. An array passed to a function is given away; `.ref` keeps it.
import { defaultDevice, init, jit, nn, numpy as np, random, tree, valueAndGrad } from "@jax-js/jax";

const normal = (key, shape) => random.normal(random.key(key), shape).mul(0.02);

function initialParameters({ layers, width, vocabulary, context }) {
  let key = 1;
  const weight = (...shape) => normal(key++, shape);
  const norm = () => ({ weight: np.ones([width]), bias: np.zeros([width]) });
  const linear = (from, to) => ({ weight: weight(from, to), bias: np.zeros([to]) });
  return {
    wte: weight(vocabulary, width),
    wpe: weight(context, width),
    layers: Array.from({ length: layers }, () => ({
      ln1: norm(),
      query: linear(width, width),
      key: linear(width, width),
      value: linear(width, width),
      out: linear(width, width),
      ln2: norm(),
      fc1: linear(width, 4 * width),
      fc2: linear(4 * width, width),
    })),
    norm: norm(),
  };
}

const linear = (x, { weight, bias }) => np.matmul(x, weight).add(bias);
const layerNorm = (x, { weight, bias }) => nn.standardize(x).mul(weight).add(bias);

function attention(x, layer, { heads, width, context, batch }) {
  const split = (y) => y.reshape([batch, context, heads, width / heads]);
  const [query, key, value] = [
    split(linear(x.ref, layer.query)),
    split(linear(x.ref, layer.key)),
    split(linear(x, layer.value)),
  ];
  const y = nn.dotProductAttention(query, key, value, { isCausal: true });
  return linear(y.reshape([batch, context, width]), layer.out);
}

function loss(parameters, ids, labels, sizes) {
  const { vocabulary, width, batch, context } = sizes;
  const { wte, wpe, layers, norm } = parameters;
  let x = np.matmul(nn.oneHot(ids, vocabulary), wte.ref).reshape([batch, context, width]).add(wpe);
  for (const layer of layers) {
    x = x.ref.add(attention(layerNorm(x, layer.ln1), layer, sizes));
    const inner = nn.gelu(linear(layerNorm(x.ref, layer.ln2), layer.fc1), { approximate: true });
    x = x.add(linear(inner, layer.fc2));
  }
  const logits = np.matmul(layerNorm(x, norm).reshape([batch * context, width]), np.transpose(wte));
  return nn
    .logSoftmax(logits)
    .mul(nn.oneHot(labels, vocabulary))
    .sum()
    .mul(-1 / (batch * context));
}

const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, rate: 1e-3 };

/** AdamW on one parameter; matrices decay. `step` holds 1 / (1 − β1ᵗ) and 1 / (1 − β2ᵗ). */
function update(parameter, mean, variance, gradient, first, second) {
  const { beta1, beta2, epsilon, weightDecay, rate } = settings;
  const decay = parameter.ndim >= 2 ? 1 - rate * weightDecay : 1;
  const nextMean = mean.mul(beta1).add(gradient.ref.mul(1 - beta1));
  const nextVariance = variance.mul(beta2).add(np.square(gradient).mul(1 - beta2));
  const deviation = np.sqrt(nextVariance.ref.mul(second)).add(epsilon);
  const next = parameter.mul(decay).sub(nextMean.ref.mul(first).div(deviation).mul(rate));
  return [next, nextMean, nextVariance];
}

function makeStep(sizes) {
  return jit((parameters, means, variances, ids, labels, first, second) => {
    const [value, gradients] = valueAndGrad((p) => loss(p, ids, labels, sizes))(tree.ref(parameters));
    const [flat, shape] = tree.flatten(gradients);
    const squares = flat.map((gradient) => np.square(gradient.ref).sum());
    const norm = np.sqrt(squares.reduce((a, b) => a.add(b)));
    const clip = np.minimum(np.reciprocal(norm.ref.add(1e-6)), 1);
    const [p, m, v] = [parameters, means, variances].map((each) => tree.flatten(each)[0]);
    const next = flat.map((gradient, i) => update(p[i], m[i], v[i], gradient.mul(clip.ref), first.ref, second.ref));
    for (const used of [clip, first, second]) used.dispose();
    const unflatten = (which) =>
      tree.unflatten(
        shape,
        next.map((each) => each[which]),
      );
    return [unflatten(0), unflatten(1), unflatten(2), value, norm];
  });
}

/** Trains some steps; milliseconds of each. */
export async function train(sizes, device, steps, data) {
  const devices = await init(device);
  if (!devices.includes(device)) return undefined;
  defaultDevice(device);
  let parameters = initialParameters(sizes);
  let means = tree.map((x) => np.zeros(x.shape), parameters);
  let variances = tree.map((x) => np.zeros(x.shape), parameters);
  const step = makeStep(sizes);
  const times = [];
  const losses = [];
  for (let update = 1; update <= steps; update++) {
    const { ids, labels } = data(update);
    const array = (values) => np.array(Int32Array.from(values), { dtype: np.int32 });
    const corrections = [settings.beta1, settings.beta2].map((beta) => np.array(1 / (1 - beta ** update)));
    const start = performance.now();
    let value, norm;
    [parameters, means, variances, value, norm] = step(
      parameters,
      means,
      variances,
      array(ids),
      array(labels),
      ...corrections,
    );
    losses.push((await value.data())[0]);
    await norm.data();
    times.push(performance.now() - start);
  }
  return { description: `jax-js, ${device}`, times, losses };
}
