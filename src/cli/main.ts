/** The entry of bin/heed.js: this process's streams and exit code. */
import { InputError } from "../errors/index.ts";
import { OutputClosed, type Io } from "./io.ts";
import { run } from "./run.ts";

const { stdin, stdout, stderr, env: environment } = process;

// A failed write is told to its caller; as an event alone it would end the process.
stdout.on("error", () => undefined);
stderr.on("error", () => undefined);

const write = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    stdout.write(text, (error?: NodeJS.ErrnoException | null) => {
      if (error == null) resolve();
      else if (error.code === "EPIPE") reject(new OutputClosed());
      else reject(new InputError(`The results could not be written to standard output: ${error.message}.`));
    });
  });

/** Width and colors of results are those of standard output: progress may well go elsewhere. */
const look: Omit<Io["stdout"], "write"> = stdout;
const results: Io["stdout"] = {
  write,
  isTTY: look.isTTY,
  columns: look.columns,
  getColorDepth: look.getColorDepth && ((variables) => look.getColorDepth!(variables)),
};
const io: Io = { stdin, stdout: results, stderr, environment };
process.exitCode = await run(process.argv.slice(2), io);
