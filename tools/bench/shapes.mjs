// The GPTs of the bench: three sizes, all as GPT-2 is made.

/** Sizes of a GPT, and its batch: sequences of `time` tokens. */
export const gptShapes = [
  { title: "0.81 M", layers: 4, heads: 4, width: 128, vocabulary: 65, positions: 64, batch: 12, time: 64, check: 10 },
  { title: "10.8 M", layers: 6, heads: 6, width: 384, vocabulary: 65, positions: 256, batch: 16, time: 256, check: 3 },
  {
    title: "GPT-2 124 M",
    layers: 12,
    heads: 12,
    width: 768,
    vocabulary: 50257,
    positions: 1024,
    batch: 1,
    time: 256,
    check: 2,
  },
];

/** The optimizer of all of them. */
export const adamWSettings = { learningRate: 3e-4, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };
