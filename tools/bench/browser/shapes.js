// The models of the bench page, and ids that are the same for everybody.
export const shapes = {
  small: { layers: 4, heads: 4, width: 128, vocabulary: 65, context: 64, batch: 12 },
  large: { layers: 6, heads: 6, width: 384, vocabulary: 65, context: 256, batch: 16 },
};

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
