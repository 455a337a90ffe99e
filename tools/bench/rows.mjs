// The rows of the bench, in the order of docs/benchmarks.md. Each is a script under rows/, and can be run alone.

/** `asked` rows run only where they are named: they take long, or need what most machines do not have. */
export const rows = [
  { name: "ceiling", title: "The ceiling: one large matrix product" },
  { name: "gpt", title: "Training a GPT" },
  { name: "translator", title: "Training the translator" },
  { name: "to-37", title: "Minutes to 37 BLEU", asked: true },
  { name: "decode", title: "Decoding" },
  { name: "gpt2-generate", title: "GPT-2 writes" },
  { name: "encoders", title: "Encoders" },
  { name: "tokenizer", title: "Tokenizers" },
  { name: "memory", title: "Peak memory" },
  { name: "startup", title: "Start-up and size" },
  { name: "floor", title: "The floor: the matrix products alone" },
  { name: "growth", title: "Growth" },
  { name: "browser", title: "In a page", asked: true },
  { name: "studio", title: "The studio", asked: true },
];

/** Where the script of a row is. It exports `measure(context)`. */
export const scriptOf = ({ name }) => new URL(`rows/${name}.mjs`, import.meta.url);
