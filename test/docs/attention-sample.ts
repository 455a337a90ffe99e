import { heatGridText, open } from "../../src/index.ts";

const model = await open("test/families/bert-masked-lm");
const inputIds = { dtype: "int32", shape: [1, 5], data: Int32Array.of(2, 17, 8, 29, 3) } as const;
const { logits, hiddenStates, attentions } = await model.forward(
  { inputIds },
  { hiddenStates: true, attentions: true },
);
console.log(logits?.shape, hiddenStates.length, attentions.length); // [1, 5, 53], 3, 2
const tokens = Array.from(inputIds.data, (id) => `#${id}`);
const [first] = attentions; // [batch, heads, tokens that look, tokens that are looked at]
const values = tokens.map((_, row) => first!.data.slice(row * 5, (row + 1) * 5) as Float32Array);
console.log(heatGridText({ title: "layer 1, head 1", rows: tokens, columns: tokens, values, range: [0, 1] }));
await model.dispose();
