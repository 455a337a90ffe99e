/** `heed evaluate TASK`: what a fine-tuned model is judged by, with intervals, and beside another model. */
import type { Command } from "commander";
import { Option } from "commander";
import { InputError } from "../../errors/index.ts";
import type { ExampleStatistics } from "../../evaluation/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { finetuneTasks, type FinetuneTask, type FinetuneTaskName, type TaskOptions } from "../../learning/index.ts";
import { open } from "../../tasks/open-task.ts";
import {
  describedCommand,
  engineOf,
  requireOption,
  wholeNumber,
  withEngineOptions,
  withQuantization,
  type EngineFlags,
  type QuantizeFlags,
} from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { measure, measureTable, withMeasureOptions, type MeasureFlags } from "../measures.ts";

interface Flags extends EngineFlags, QuantizeFlags, MeasureFlags, TaskOptions {
  readonly model: string;
  readonly data: readonly string[];
}

/** The command of one task. */
export function evaluateTask(name: FinetuneTaskName, io: Io): Command {
  const made = describedCommand(name, `Judges a model that was fine-tuned with --task ${name}.`, {
    run: `heed evaluate ${name} --model runs/x --data test.tsv --bootstrap 1000 --compare runs/y`,
    expect: "a table of metrics, each with its 95 % interval, the other model's, and the p-value of the difference",
  });
  requireOption(made, new Option("--model <folder>", "a checkpoint's folder, or the name of one that was pulled"));
  requireOption(made, new Option("--data <files...>", "rows to judge it on, as heed finetune reads them"));
  return withMeasureOptions(
    withEngineOptions(withQuantization(made)).option(
      "--max-length <n>",
      "cut texts after so many tokens, or read them in windows of so many",
      wholeNumber(1),
    ),
    "the folder of another model",
  ).action((flags: Flags) => judge(name, finetuneTasks[name] as FinetuneTask<unknown>, flags, io));
}

async function judge<R>(name: string, task: FinetuneTask<R>, flags: Flags, io: Io): Promise<void> {
  const options: TaskOptions = { maxLength: flags.maxLength };
  const rows = await task.read(diskFolder(), flags.data, options);
  if (rows.length === 0) throw new InputError(`${flags.data.join(", ")}: there is no row. At least one was expected.`);
  const judged = async (place: string): Promise<readonly ExampleStatistics[]> => {
    const model = await open(place, { task: "read", quantize: flags.quantize, ...engineOf(flags) });
    try {
      const { architecture } = model.model;
      if (architecture.task !== task.head.task) {
        throw new InputError(
          `${place} is a ${architecture.className}, for ${architecture.task}; ${name} takes one for ${task.head.task ?? ""}. ` +
            `Fine-tune it with heed finetune --task ${name}.`,
        );
      }
      task.check?.(model, rows);
      return await task.judge(model, rows, options);
    } finally {
      await model.dispose();
    }
  };
  const own = await judged(flags.model);
  const other = flags.compare === undefined ? undefined : await judged(flags.compare);
  const measures = measure(own, other, flags);
  await io.stdout.write(
    flags.json === true ? jsonLine({ examples: rows.length, measures }) : `${measureTable(measures)}\n`,
  );
}
