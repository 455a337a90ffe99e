/** All commands, in the order of `heed --help`. A command's file is loaded when it is called. */
import type { CommandEntry } from "../command.ts";

export const commands: readonly CommandEntry[] = [
  {
    name: "start",
    summary: "train the bundled translator, measure it, show its attention",
    load: () => import("./start.ts"),
  },
  { name: "train", summary: "train a model from text files", load: () => import("./train.ts") },
  { name: "translate", summary: "translate standard input, line by line", load: () => import("./translate.ts") },
  { name: "evaluate", summary: "measure a trained model", load: () => import("./evaluate.ts") },
  { name: "inspect", summary: "show where a model looks", load: () => import("./inspect.ts") },
  { name: "score", summary: "BLEU or chrF of translations", load: () => import("./score.ts") },
  {
    name: "tokenizer",
    summary: "train a tokenizer, use it, show its steps, compare two",
    load: () => import("./tokenizer.ts"),
  },
  { name: "pull", summary: "download a model from the Hugging Face hub", load: () => import("./pull.ts") },
  { name: "parameters", summary: "count a model's parameters by part", load: () => import("./parameters.ts") },
  { name: "profile", summary: "show where the time of a training step goes", load: () => import("./profile.ts") },
  {
    name: "verify",
    summary: "compare a checkpoint with what another library computed",
    load: () => import("./verify.ts"),
  },
  { name: "export", summary: "write a model as ONNX files", load: () => import("./export.ts") },
  {
    name: "doctor",
    summary: "say what works on this machine, or what a model lacks",
    load: () => import("./doctor.ts"),
  },
];
