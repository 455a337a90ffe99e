/** `heed pull`: a model of the Hugging Face hub into the cache, to be opened without the network. */
import { Option, type Command } from "commander";
import { pull, type PullProgress } from "../../files/hub.ts";
import { formatBytes } from "../bytes.ts";
import { describedCommand } from "../command.ts";
import type { Io } from "../io.ts";
import { createProgress, type Progress } from "../terminal/index.ts";

interface Flags {
  readonly revision: string;
  readonly only?: "safetensors";
}

export function command(io: Io): Command {
  return describedCommand(
    "pull",
    "Downloads a model from the Hugging Face hub; afterwards it is opened by its name, without the network. " +
      "What broke off goes on where it stopped. Pickles and other libraries' weights are left out.",
    { run: "heed pull OWNER/NAME --only safetensors", expect: "the folder it lies in, once all checksums are right" },
  )
    .argument("<repo>", "the model's name on the hub, such as OWNER/NAME")
    .option("--revision <name>", "a branch, a tag or a commit", "main")
    .addOption(new Option("--only <kind>", "only configs, tokenizers and safetensors").choices(["safetensors"]))
    .action(async (repo: string, flags: Flags) => {
      const bar = progressOf(io);
      try {
        const { folder, commit, left } = await pull(repo, {
          ...flags,
          environment: io.environment,
          progress: bar.tell,
        });
        bar.finish();
        if (left.length > 0) {
          const bytes = left.reduce((sum, { size = 0 }) => sum + size, 0);
          const names = left.slice(0, 3).map(({ path }) => path);
          const more = left.length > names.length ? ", …" : "";
          io.stderr.write(`Left out: ${left.length} files, ${formatBytes(bytes)} (${names.join(", ")}${more}).\n`);
        }
        io.stderr.write(`${repo} at commit ${commit.slice(0, 12)}. Open it by its name, or by this folder:\n`);
        await io.stdout.write(`${folder.describe()}\n`);
      } finally {
        bar.close();
      }
    });
}

/** A bar in megabytes, or in kilobytes where there are few; it is made when the hub has said how many there are. */
function progressOf(io: Io): { tell: (state: PullProgress) => void; finish(): void; close(): void } {
  let bar: Progress | undefined;
  return {
    tell: ({ done, total, received }) => {
      const [unit, bytes] = total >= 1e7 ? (["MB", 1e6] as const) : (["kB", 1e3] as const);
      const { stderr: stream, environment } = io;
      const names = { label: "pulling", unit, rateUnit: unit };
      const whole = Math.max(1, Math.round(total / bytes));
      bar ??= createProgress({ stream, ...names, total: whole, environment, exits: process });
      const fraction = total === 0 ? 1 : Math.min(1, done / total);
      bar.update({ done: Math.min(whole, Math.round(done / bytes)), fraction, amount: received / bytes });
    },
    finish: () => bar?.finish(),
    close: () => bar?.close(),
  };
}
