// Peaks of memory, from the rows in which they were measured: each lane there is a process that does nothing else.
import { PEAK } from "../goals.mjs";

const SOURCES = ["gpt", "translator"];

export async function measure({ results }) {
  const found = results.filter(({ row }) => SOURCES.includes(row));
  const parts = found.flatMap(({ row, parts: measured }) =>
    measured.map(({ title, lanes }) => ({
      kind: "lanes",
      title: row === "gpt" ? `GPT, ${title}` : title,
      unit: "MB",
      better: "less",
      what: "times as small",
      lanes: lanes.map(({ name, ours, missing, cells }) =>
        missing === undefined ? { name, ours, values: [cells[PEAK]] } : { name, ours, missing },
      ),
    })),
  );
  const absent = SOURCES.filter((name) => !found.some(({ row }) => row === name));
  const about = [
    "The most that a process ever held resident (VmHWM), in a process that did nothing but this: interpreter, library, " +
      "weights, optimizer, activations, data. The numbers are those of the rows above.",
    ...(absent.length === 0 ? [] : [`Not there yet: ${absent.join(", ")}; measure it and run this row again.`]),
  ];
  return { about, parts };
}
