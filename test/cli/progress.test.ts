import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { createProgress, type ProgressOptions } from "../../src/cli/terminal/index.ts";
import { createLiveChart, halve } from "../../src/cli/terminal/live-chart.ts";
import { virtualTerminal } from "./virtual-terminal.ts";

/** A progress with a clock that the test turns. */
function clocked(options: Omit<ProgressOptions, "now">) {
  let time = 0;
  const progress = createProgress({ ...options, now: () => time });
  return { progress, wait: (seconds: number) => (time += seconds * 1000) };
}

/** 100 updates of 1,000 tokens, one in half a second, with a falling loss. */
function train({ progress, wait }: ReturnType<typeof clocked>, first: number, last: number): void {
  for (let done = first; done <= last; done++) {
    wait(0.5);
    const loss = 1 + 8 / done;
    progress.point("training", done, loss);
    if (done % 20 === 0) progress.point("validation", done, loss + 0.5);
    progress.update({ done, amount: 1000, values: { loss } });
  }
}

describe("on a terminal", () => {
  test("bar and chart are drawn again in place", () => {
    const terminal = virtualTerminal(80, 24);
    const run = clocked({ stream: terminal, label: "training", total: 100, chart: { title: "Loss", height: 9 } });
    train(run, 1, 40);
    expect(terminal.screen()).toMatchInlineSnapshot(`
      [
        "training ████████████████░░░░░░░░░░░░░░░░░░░░░░░░  40 %",
        "40/100 updates  2,000 tokens/s  30 s left  loss 1.200",
        "Loss",
        "8 ┤⢣",
        "6 ┤⠈⢆",
        "  │ ⠘⢄",
        "4 ┤   ⠉⠒⠤⢄⣀⣀",
        "2 ┤         ⠉⠉⠉⠉⠑⠒⠒⠒⠒⠒⠒⠒⠒⠒⠢⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤oooooooooooooooooooooooooooooooooooooooo",
        "  └─────────────────┬──────────────────┬───────────────────┬──────────────────┬",
        "                   10                 20                  30                 40",
        "⣿ training   o validation",
      ]
    `);
    expect(terminal.cursorShown).toBe(false);
    train(run, 41, 100);
    run.progress.finish();
    expect(terminal.screen()[0]).toMatchInlineSnapshot(`"training ████████████████████████████████████████ 100 %"`);
    expect(terminal.screen()).toHaveLength(11);
    expect(terminal.cursorShown).toBe(true);
    terminal.write("next");
    expect(terminal.screen().at(-1)).toBe("next");
  });

  test("lines go above the bar; codes in them do nothing", () => {
    const terminal = virtualTerminal(100);
    const run = clocked({ stream: terminal, label: "training", total: 10 });
    run.progress.log("before");
    train(run, 1, 3);
    run.progress.log("2 sentences were too long: \u001b[2J\nsecond line");
    run.wait(1);
    run.progress.update({ done: 4 });
    const screen = terminal.screen();
    expect(screen.slice(0, 3)).toEqual(["before", "2 sentences were too long: ␛[2J", "second line"]);
    expect(screen).toHaveLength(4);
    expect(screen[3]).toContain("4/10 updates");
  });

  test("a narrower window: the broken lines of the last drawing are removed too", () => {
    const terminal = virtualTerminal(100);
    const run = clocked({ stream: terminal, label: "training", total: 100 });
    train(run, 1, 2);
    const before = terminal.screen()[0]!;
    // A terminal breaks the line itself when it is made narrower, and leaves the cursor at its end.
    const narrow = virtualTerminal(50);
    narrow.write(before);
    terminal.columns = 50;
    const start = terminal.written.length;
    train(run, 3, 3);
    narrow.write(terminal.written.slice(start));
    expect(narrow.screen()).toHaveLength(2);
    expect(narrow.screen()[1]).toContain("3/100 updates");
  });

  test("no line is wider than the window, and a low window gets no chart", () => {
    const terminal = virtualTerminal(44, 10);
    const run = clocked({ stream: terminal, label: "training", total: 100, chart: {} });
    train(run, 1, 50);
    expect(terminal.screen()).toHaveLength(2);
    for (const line of terminal.screen()) expect(line.length).toBeLessThan(44);
  });

  test("it is not drawn more often than asked", () => {
    const terminal = virtualTerminal();
    const run = clocked({ stream: terminal, label: "training", total: 1000, redrawEvery: 100 });
    for (let done = 1; done <= 1000; done++) {
      run.wait(0.001);
      run.progress.update({ done });
    }
    expect(terminal.written.split("\r").length - 1).toBe(10);
    run.progress.finish();
    expect(terminal.screen()[0]).toContain("1,000/1,000 updates");
  });

  test("colors only where they are allowed", () => {
    const draw = (environment: Record<string, string>, color = true) => {
      const terminal = virtualTerminal();
      train(clocked({ stream: terminal, label: "t", total: 9, environment, color }), 1, 5);
      return terminal.written.includes("\u001b[38;");
    };
    expect(draw({ COLORTERM: "truecolor" })).toBe(true);
    expect(draw({ COLORTERM: "truecolor", NO_COLOR: "1" })).toBe(false);
    expect(draw({ COLORTERM: "truecolor" }, false)).toBe(false);
  });

  test("an abort and an exit give the cursor back, once", () => {
    const controller = new AbortController();
    const exits = new EventEmitter();
    const terminal = virtualTerminal();
    const run = clocked({ stream: terminal, label: "training", total: 10, signal: controller.signal, exits });
    train(run, 1, 2);
    expect(terminal.cursorShown).toBe(false);
    controller.abort();
    expect(terminal.cursorShown).toBe(true);
    const { written } = terminal;
    train(run, 3, 4);
    exits.emit("exit");
    run.progress.finish();
    expect(terminal.written).toBe(written);
    expect(exits.listenerCount("exit")).toBe(0);

    const finished = clocked({ stream: terminal, label: "training", total: 10, exits });
    expect(exits.listenerCount("exit")).toBe(1);
    finished.progress.finish();
    expect(exits.listenerCount("exit")).toBe(0);

    const other = clocked({ stream: terminal, label: "training", total: 10, exits });
    train(other, 1, 2);
    exits.emit("exit");
    expect(terminal.cursorShown).toBe(true);
    // What Node gives can be given as it is.
    createProgress({ stream: process.stderr, label: "x", exits: process, signal: controller.signal });
  });
});

test("a chart of very many points keeps its outline and no more points than it needs", () => {
  const x = Array.from({ length: 8000 }, (_, i) => i);
  const y = x.map((i) => (i === 4001 ? 9 : i === 6002 ? -9 : i === 7001 ? NaN : Math.sin(i)));
  const half = halve({ x, y });
  expect(half.x.length).toBeLessThanOrEqual(4000);
  expect(half.x).toEqual([...half.x].sort((a, b) => a - b));
  expect(half.y[half.x.indexOf(4001)]).toBe(9);
  expect(half.y[half.x.indexOf(6002)]).toBe(-9);

  const chart = createLiveChart({ height: 10 });
  for (let step = 0; step < 100_000; step++) chart.add("loss", step, step === 50_001 ? 100 : 1);
  const lines = chart.lines({ width: 60, rows: 24, depth: "none" });
  expect(lines[0]).toMatch(/^100 ┤ {20,30}[⠀-⣿]/);
});

describe("elsewhere", () => {
  test("a plain line every ten seconds, and the last state once", () => {
    let text = "";
    const run = clocked({
      stream: { write: (part: string) => (text += part) },
      label: "training",
      total: 100,
      chart: {},
    });
    train(run, 1, 100);
    run.progress.log("done");
    run.progress.finish();
    expect(text).toMatchInlineSnapshot(`
      "training: 1/100 updates (1 %), 2,000 tokens/s, 50 s left, loss 9.000
      training: 21/100 updates (21 %), 2,000 tokens/s, 40 s left, loss 1.381
      training: 41/100 updates (41 %), 2,000 tokens/s, 30 s left, loss 1.195
      training: 61/100 updates (61 %), 2,000 tokens/s, 20 s left, loss 1.131
      training: 81/100 updates (81 %), 2,000 tokens/s, 9.5 s left, loss 1.099
      done
      training: 100/100 updates (100 %), 2,000 tokens/s, in 50 s, loss 1.080
      "
    `);
    const length = text.length;
    run.progress.finish();
    expect(text).toHaveLength(length);
  });

  test("the last state is not written twice", () => {
    let text = "";
    const run = clocked({ stream: { write: (part: string) => (text += part) }, label: "t", total: 2, lineEvery: 1 });
    train(run, 1, 1);
    run.wait(1);
    run.progress.update({ done: 2 });
    run.progress.finish();
    expect(text.trimEnd().split("\n")).toHaveLength(2);
  });

  test("rate and time left follow the last half minute", () => {
    let text = "";
    const run = clocked({ stream: { write: (part: string) => (text += part) }, label: "t", total: 1000 });
    const work = (first: number, last: number, seconds: number) => {
      for (let done = first; done <= last; done++) {
        run.wait(seconds);
        run.progress.update({ done, amount: 100 });
      }
    };
    work(1, 30, 10);
    work(31, 100, 1);
    run.progress.finish();
    expect(text.trimEnd().split("\n").at(-1)).toBe("t: 100/1,000 updates (10 %), 100 tokens/s, 15 min left");
  });

  test("a run that goes on counts its pace from where it started", () => {
    let text = "";
    const run = clocked({ stream: { write: (part: string) => (text += part) }, label: "t", total: 100, start: 80 });
    train(run, 81, 82);
    run.progress.finish();
    expect(text.trimEnd().split("\n").at(-1)).toContain("82/100 updates (82 %), 2,000 tokens/s, 9 s left");
  });

  test("an end that is a time, and an end that is not known", () => {
    let text = "";
    const stream = { write: (part: string) => (text += part) };
    const timed = clocked({ stream, label: "timed" });
    for (const fraction of [0.1, 0.2]) {
      timed.wait(6);
      timed.progress.update({ done: fraction * 100, fraction });
    }
    timed.progress.finish();
    expect(text.trimEnd().split("\n").at(-1)).toBe("timed: 20 updates (20 %), 48 s left");
    const open = clocked({ stream, label: "open", unit: "lines" });
    open.wait(90);
    open.progress.update({ done: 1234 });
    expect(text.trimEnd().split("\n").at(-1)).toBe("open: 1,234 lines, 1 min 30 s so far");
  });
});
