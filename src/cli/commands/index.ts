/** All commands, in the order of `heed --help`. A command's file is loaded when it is called. */
import type { CommandEntry } from "../command.ts";

export const commands: readonly CommandEntry[] = [
  {
    name: "start",
    summary: "train the bundled translator, measure it, show its attention",
    load: () => import("./start.ts"),
  },
  { name: "train", summary: "train a model from text files", load: () => import("./train.ts") },
  { name: "pretrain", summary: "learn from raw text", load: () => import("./pretrain.ts") },
  {
    name: "finetune",
    summary: "fine-tune a model for a task on rows with labels",
    load: () => import("./finetune.ts"),
  },
  { name: "instruct", summary: "train a language model to answer", load: () => import("./instruct.ts") },
  { name: "align", summary: "learn from preferences: a reward model, PPO, DPO", load: () => import("./align.ts") },
  {
    name: "distill",
    summary: "train a small model on a task from a large one",
    load: () => import("./distill.ts"),
  },
  {
    name: "prompt",
    summary: "score a model on a task that it meets only in its prompt",
    load: () => import("./prompt.ts"),
  },
  { name: "evaluate", summary: "measure a trained model", load: () => import("./evaluate.ts") },
  {
    name: "reproduce",
    summary: "repeat a finished run and say what differs",
    load: () => import("./reproduce.ts"),
  },
  { name: "schema", summary: "print the JSON schema of a config file", load: () => import("./schema.ts") },
  {
    name: "data",
    summary: "show rows as a model sees them, find those that are there twice, split them",
    load: () => import("./data.ts"),
  },
  {
    name: "search",
    summary: "try settings side by side, over seeds",
    load: () => import("./search.ts"),
  },
  { name: "adapter", summary: "merge a trained adapter into its base", load: () => import("./adapter.ts") },
  { name: "translate", summary: "translate standard input, line by line", load: () => import("./translate.ts") },
  { name: "generate", summary: "go on from a prompt", load: () => import("./generate.ts") },
  { name: "fill", summary: "fill in masked words", load: () => import("./fill.ts") },
  { name: "classify", summary: "give texts their classes", load: () => import("./classify.ts") },
  { name: "tag", summary: "find names and other spans in texts", load: () => import("./tag.ts") },
  { name: "answer", summary: "answer questions with parts of a text", load: () => import("./answer.ts") },
  { name: "summarize", summary: "summarize texts", load: () => import("./summarize.ts") },
  { name: "embed", summary: "give texts their vectors, or rank them", load: () => import("./embed.ts") },
  { name: "studio", summary: "look into runs and models in the browser", load: () => import("./studio.ts") },
  {
    name: "report",
    summary: "write what a model does with a text as one HTML file",
    load: () => import("./report.ts"),
  },
  { name: "inspect", summary: "show where a model looks", load: () => import("./inspect.ts") },
  {
    name: "score",
    summary: "judge predictions against what was due, with intervals and tests",
    load: () => import("./score.ts"),
  },
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
