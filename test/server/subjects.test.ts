/** Which models are open: opened once, closed for others when the memory is needed, never while they are used. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Subjects, type ModelPlace } from "../../src/server/subjects.ts";

/** Things that say when they are opened and closed. */
function recorded(budget: number) {
  const events: string[] = [];
  const open = (path: string): Promise<{ path: string; dispose: () => Promise<void> }> => {
    events.push(`open ${path}`);
    if (path === "broken") return Promise.reject(new Error("broken"));
    const dispose = (): Promise<void> => {
      events.push(`close ${path}`);
      return Promise.resolve();
    };
    return Promise.resolve({ path, dispose });
  };
  const subjects = new Subjects(open, budget);
  const place = (id: string, bytes: number, version = "1"): ModelPlace => ({ id, path: id, bytes, version });
  const use = (...of: Parameters<typeof place>): Promise<string> =>
    subjects.use(place(...of), ({ path }) => Promise.resolve(path));
  return { events, subjects, place, use };
}

it("closes what was used longest ago when the budget is exceeded", async () => {
  const { events, subjects, use } = recorded(10);
  await use("a", 4);
  await use("b", 4);
  await use("a", 4);
  expect(events).toEqual(["open a", "open b"]);
  await use("c", 4);
  expect(events).toEqual(["open a", "open b", "open c", "close b"]);
  expect(subjects.open).toEqual(["a", "c"]);
  await subjects.dispose();
  expect(events.slice(4)).toEqual(["close a", "close c"]);
});

it("refuses what can never fit, before it is opened", async () => {
  const { events, use } = recorded(10);
  await expect(use("large", 11)).rejects.toThrow("--memory");
  expect(events).toEqual([]);
});

it("opens a new version, and closes the old one when nobody uses it any more", async () => {
  const { events, subjects, place, use } = recorded(10);
  let finish = (): void => undefined;
  const long = subjects.use(place("a", 4, "1"), () => new Promise<void>((resolve) => (finish = resolve)));
  await new Promise(setImmediate);
  await use("a", 4, "2");
  expect(events).toEqual(["open a", "open a"]);
  finish();
  await long;
  expect(events).toEqual(["open a", "open a", "close a"]);
  await use("a", 4, "2");
  expect(events).toHaveLength(3);
});

it("opens anew what could not be opened", async () => {
  const { events, subjects, use } = recorded(10);
  await expect(use("broken", 1)).rejects.toThrow("broken");
  await expect(use("broken", 1)).rejects.toThrow("broken");
  expect(events).toEqual(["open broken", "open broken"]);
  expect(subjects.open).toEqual([]);
});

it("whatever is asked in whatever order: nothing in use is closed, and what rests stays within the budget", async () => {
  const asked = fc.record({
    id: fc.constantFrom("a", "b", "c", "d"),
    bytes: fc.constant(3),
    version: fc.constantFrom("1", "2"),
    turns: fc.nat(4),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(asked, { maxLength: 20 }), async (all) => {
      let open = 0;
      const subjects = new Subjects(() => {
        open++;
        const one = {
          closed: false,
          dispose: () => {
            one.closed = true;
            open--;
            return Promise.resolve();
          },
        };
        return Promise.resolve(one);
      }, 7);
      const work = all.map(({ turns, ...place }) =>
        subjects.use({ ...place, path: place.id }, async (one) => {
          for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
          expect(one.closed).toBe(false);
        }),
      );
      await Promise.all(work);
      expect(3 * open).toBeLessThanOrEqual(7);
      await subjects.dispose();
      expect(open).toBe(0);
    }),
    { numRuns: 50 },
  );
});
