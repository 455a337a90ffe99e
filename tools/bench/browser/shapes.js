// The models of the bench, and ids that are the same for everybody.
export const shapes = {
  "0.81 M": { layers: 4, heads: 4, width: 128, vocabulary: 65, context: 64, batch: 12 },
  "10.8 M": { layers: 6, heads: 6, width: 384, vocabulary: 65, context: 256, batch: 16 },
  // jax-js needs more than WebAssembly's 4 GiB for a batch of 16.
  "10.8 M, batch of 8": { layers: 6, heads: 6, width: 384, vocabulary: 65, context: 256, batch: 8 },
};

/** The shape as a config of Heed's GPT-2. */
export function configOf({ layers, heads, width, vocabulary, context }) {
  const rates = { dropout: 0, attentionDropout: 0, embeddingDropout: 0 };
  return { layers, heads, width, vocabulary, maxPositions: context, ...rates };
}

/** Ids of step `step`: each follows from the one before it by a fixed rule, so that there is something to learn. */
export function data({ vocabulary, context, batch }, step) {
  const ids = [];
  const labels = [];
  for (let row = 0; row < batch; row++) {
    let id = (row * 31 + step * 17) % vocabulary;
    for (let i = 0; i < context; i++) {
      ids.push(id);
      id = (id * 3 + (i % 5) + 1) % vocabulary;
      labels.push(id);
    }
  }
  return { ids, labels };
}

/** What is generated: how many tokens behind which prompt. The text fits into the context of both models. */
export const generation = { models: ["0.81 M", "10.8 M"], prompt: [1, 5, 20, 7], tokens: 48, times: 24 };
