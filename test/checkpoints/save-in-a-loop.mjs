// Saves checkpoint after checkpoint into the run folder that is named by the argument, until the process is killed.
// Every byte of a checkpoint's files is its step; each step is logged before it is saved, and printed afterwards.
import { openLog } from "../../dist/checkpoints/run-log.js";
import { latestCheckpoint, openRun } from "../../dist/checkpoints/run-folder.js";
import { diskFolder } from "../../dist/files/disk.js";

const folder = diskFolder(process.argv[2]);
const run = await openRun(folder, { keep: 2 });
const from = (await latestCheckpoint(folder))?.step ?? 0;
const log = await openLog(folder, "log.jsonl", { step: from });
for (let step = from + 1; ; step++) {
  await log.write({ step, loss: 1 / step });
  if (step % 2 === 1) continue;
  await log.sync();
  await run.save(step, async (aside) => {
    for (const name of ["model", "optimizer/state", "data"]) {
      await aside.write(name, new Uint8Array(300_000).fill(step));
    }
  });
  console.log(step);
}
