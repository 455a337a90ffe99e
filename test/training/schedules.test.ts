import { describe, expect, it } from "vitest";
import { learningRate, scheduleKinds, type ScheduleOptions } from "../../src/training/schedules.ts";

const noam: ScheduleOptions = { kind: "noam", peak: 1, warmUp: 4000, width: 512 };

describe("learning rates", () => {
  it("follow the paper's formula: section 5.3 with 4,000 updates of warm-up and width 512", () => {
    expect(learningRate(noam, 1, 0)).toBeCloseTo(1.7469e-7, 11);
    expect(learningRate(noam, 4000, 0)).toBeCloseTo(6.9877e-4, 8);
    expect(learningRate(noam, 100_000, 0)).toBeCloseTo(1.39754e-4, 9);
    expect(learningRate({ ...noam, peak: 2 }, 100_000, 0)).toBeCloseTo(2.79508e-4, 9);
    // Linear before, the inverse square root after.
    expect(learningRate(noam, 2000, 0)).toBeCloseTo(learningRate(noam, 4000, 0) / 2, 12);
    expect(learningRate(noam, 16_000, 0)).toBeCloseTo(learningRate(noam, 4000, 0) / 2, 12);
  });

  it("of noam need the width", () => {
    expect(() => learningRate({ kind: "noam", peak: 1, warmUp: 10 }, 1, 0)).toThrow(/"noam" needs the width/);
  });

  it("of inverse-sqrt are noam's curve with its peak given", () => {
    const options: ScheduleOptions = { kind: "inverse-sqrt", peak: 4000 ** -0.5 * 512 ** -0.5, warmUp: 4000 };
    for (const update of [1, 17, 3999, 4000, 4001, 50_000]) {
      expect(learningRate(options, update, 0)).toBeCloseTo(learningRate(noam, update, 0), 12);
    }
  });

  it.each(scheduleKinds)("of %s rise to the peak over the warm-up", (kind) => {
    const options = { kind, peak: 0.004, warmUp: 8, width: 1 };
    const peak = kind === "noam" ? 0.004 * 8 ** -0.5 : 0.004;
    for (const update of [1, 2, 5, 8]) expect(learningRate(options, update, 0)).toBeCloseTo((peak * update) / 8, 12);
  });

  it.each(scheduleKinds)("of %s need no warm-up", (kind) => {
    for (const warmUp of [0, 1]) {
      expect(learningRate({ kind, peak: 0.1, warmUp, width: 1 }, 1, 0)).toBeCloseTo(0.1, 12);
      expect(learningRate({ kind, peak: 0.1, warmUp, width: 1 }, 2, 0)).toBeLessThanOrEqual(0.1);
    }
  });

  it("fall with the run's progress: straight, or as half a cosine, down to the floor", () => {
    const at = (kind: ScheduleOptions["kind"], progress: number, floor?: number): number =>
      learningRate({ kind, peak: 2, warmUp: 10, floor }, 100, progress);
    expect([0, 0.25, 0.5, 1, 1.5].map((progress) => at("linear", progress))).toEqual([2, 1.5, 1, 0, 0]);
    expect(at("linear", 0.5, 0.5)).toBe(1.5);
    expect(at("cosine", 0)).toBeCloseTo(2, 12);
    expect(at("cosine", 0.25)).toBeCloseTo(1 + Math.SQRT1_2, 12);
    expect(at("cosine", 0.5)).toBeCloseTo(1, 12);
    expect(at("cosine", 1)).toBeCloseTo(0, 12);
    expect(at("cosine", 1, 0.1)).toBeCloseTo(0.2, 12);
    expect([0, 0.5, 1].map((progress) => at("constant", progress))).toEqual([2, 2, 2]);
  });
});
