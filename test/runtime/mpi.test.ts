/** Open MPI through koffi, on three ranks. */
import { expect, it } from "vitest";
import { engines } from "../engines.ts";
import { describeMpi, mpirun } from "../mpirun.ts";

describeMpi("three ranks over Open MPI", () => {
  it("sum numbers, gather values, and sum and share residents in place, whatever holds them", async () => {
    const choices = [...engines.flatMap((one) => [one, { ...one, worker: false }]), { engine: "wasm" }];
    const { code, out, err } = await mpirun(3, ["test/runtime/mpi-ranks.mjs", JSON.stringify(choices)]).ended;
    expect([code, err]).toEqual([0, ""]);
    const { description, same, gathered, ...results } = JSON.parse(out) as Record<string, unknown>;
    expect(description).toMatch(/^3 ranks over Open MPI \d+\.\d+/);
    expect(same).toBe(true);
    // NaN, which JSON has no word for, went from rank to rank all the same.
    expect(gathered).toEqual([
      { rank: 0, text: "", score: 0 },
      { rank: 1, text: "ü", score: null },
      { rank: 2, text: "üü", score: 2 },
    ]);
    expect(results).toMatchObject({ size: 3, sum: [3, 0.1 + 0.1 + 0.1, 3e300], empty: [] });
    const each = Object.entries(results).filter(([, value]) => typeof value === "object" && !Array.isArray(value));
    expect(each).toHaveLength(choices.length);
    for (const [name, value] of each) {
      const wasm = name.startsWith("wasm");
      const length = 2 ** 20 + 77;
      // What WebAssembly holds is copied; it has no address of its own.
      const place = wasm ? { located: false } : { located: true, length };
      expect(value, name).toEqual({ ...place, wrong: -1, shared: [9, 10, 15] });
    }
  });
});
