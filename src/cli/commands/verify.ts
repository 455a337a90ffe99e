/** `heed verify`: whether a checkpoint computes here what another library computed with it. */
import type { Command } from "commander";
import { CheckpointError } from "../../errors/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { findModel } from "../../files/hub.ts";
import { verify, type Verification, type VerifyRow } from "../../tasks/verify.ts";
import { describedCommand, engineOf, realNumber, withEngineOptions, type EngineFlags } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { table } from "../terminal/index.ts";

interface Flags extends EngineFlags {
  readonly golden?: string;
  readonly tolerance: number;
  readonly json?: true;
}

export function command(io: Io): Command {
  const made = describedCommand(
    "verify",
    "Compares a checkpoint's outputs, inner tensors, gradients and generated tokens with those that another library " +
      "computed (docs/goldens.md says how to make the file). Exits 1 where one differs.",
    { run: "heed verify test/families/bert-masked-lm", expect: "a row for each tensor, and 91 of 91 are equal" },
  )
    .argument("<folder>", "a checkpoint's folder with golden.safetensors, or the name of one that was pulled")
    .option("--golden <file>", "the golden file; default: golden.safetensors in the folder")
    .option(
      "--tolerance <number>",
      "largest difference of an element, beside the largest of the tensor",
      realNumber(0),
      1e-4,
    )
    .option("--json", "print the rows as JSON");
  return withEngineOptions(made).action(async (path: string, flags: Flags) => {
    const golden = flags.golden === undefined ? undefined : { folder: diskFolder(), path: flags.golden };
    const result = await verify(await findModel(path), { ...engineOf(flags), golden, tolerance: flags.tolerance });
    await io.stdout.write(flags.json === true ? jsonLine(result) : show(result));
    const wrong = result.rows.filter(({ ok }) => !ok);
    if (wrong.length === 0) return;
    throw new CheckpointError(
      `${wrong.length} of ${result.rows.length} rows differ; the first in the order of depth is ${wrong[0]!.name}. ` +
        `What is before it is right, so look at what is computed there.`,
    );
  });
}

function show({ className, source, tolerance, rows, ok }: Verification): string {
  const header = ["", "tensor", "difference", "allowed", ""];
  const align = ["left", "left", "right", "right", "left"] as const;
  const lines = table(rows.map(line), { header, align });
  const count = rows.filter((row) => row.ok).length;
  return (
    `${lines}\n\n${className} beside ${source || "a golden file of unknown origin"}, tolerance ${tolerance}: ` +
    `${count} of ${rows.length} are equal${ok ? "" : ", the others differ"}.\n`
  );
}

const line = ({ name, ok, difference, allowed, note }: VerifyRow): string[] => [
  ok ? "ok" : "DIFFERS",
  name,
  difference === undefined ? "" : difference.toExponential(1),
  allowed === undefined ? "" : allowed.toExponential(1),
  note ?? "",
];
