import { execFileSync } from "node:child_process";
import { platform } from "node:os";
import { describe, expect, it } from "vitest";

const script = new URL("../../tools/checks/training-memory.mjs", import.meta.url).pathname;
interface Measured {
  readonly estimate: number;
  readonly measured: number;
}

/** A training in a process of its own: its peak, estimated and measured. */
function measure(training: object): Measured {
  return JSON.parse(
    execFileSync(process.execPath, [script, JSON.stringify(training)], { encoding: "utf8" }),
  ) as Measured;
}

const trainings = [
  { preset: "tiny", batches: [[40, 25, 25]] },
  { preset: "tiny", batches: [[160, 25, 25]] },
  { preset: "small", vocabulary: 2000, batches: [[8, 128, 128]] },
];

// The peak that the system counted is read from Linux's /proc.
describe.skipIf(platform() !== "linux")("the peak of a training, in a process of its own", () => {
  it.each(trainings)("is known to a tenth, and lower with recomputation: $preset $batches", (training) => {
    const kept = measure(training);
    const recomputed = measure({ ...training, recompute: true });
    for (const { estimate, measured } of [kept, recomputed]) {
      expect(Math.abs(estimate / measured - 1), `${estimate} MiB beside ${measured} measured`).toBeLessThan(0.1);
    }
    expect(recomputed.measured).toBeLessThan(0.9 * kept.measured);
  });
});
