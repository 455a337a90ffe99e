/** Inner tensors of a reading by name: published ones and steps of the flow, kept for the next question. */
import { InputError, nearest } from "../../errors/index.ts";
import { flowSteps, flowTensors, type FlowStep } from "../../insight/index.ts";
import type { HostTensor } from "../../onnx/index.ts";
import type { Reading } from "../reading.ts";
import type { Subject } from "../subject.ts";

/** Texts up to this length have all steps of a section computed together: pictures of them are asked for together. */
const SHORT = 256;

/** The tensor of a published name or a step, kept for the next question. */
export async function tensorOf(subject: Subject, reading: Reading, name: string): Promise<HostTensor> {
  const { key, axes } = reading;
  return subject.traces.of(`${key} ${name}`, async () => {
    const steps = stepsOf(subject, reading);
    const step = steps.find((one) => one.name === name);
    const longest = Math.max(...Object.values(axes).map(({ labels }) => labels.length));
    const together = step === undefined || longest > SHORT ? [name] : sectionOf(steps, step);
    return (await computed(subject, reading, together)).get(name)!;
  });
}

const known = new WeakMap<Subject, Map<string, readonly FlowStep[]>>();

/** The steps, which are the same for all texts. */
export function stepsOf(subject: Subject, { feeds }: Reading): readonly FlowStep[] {
  const inputs = Object.keys(feeds);
  const kept = known.get(subject) ?? new Map<string, readonly FlowStep[]>();
  known.set(subject, kept);
  const steps = kept.get(inputs.join(" ")) ?? flowSteps(subject.architecture, inputs);
  kept.set(inputs.join(" "), steps);
  return steps;
}

function sectionOf(steps: readonly FlowStep[], { section, side, layer }: FlowStep): string[] {
  return steps
    .filter((one) => one.section === section && one.side === side && one.layer === layer)
    .map(({ name }) => name);
}

const computing = new WeakMap<Subject, Map<string, Promise<ReadonlyMap<string, HostTensor>>>>();

/** Several tensors in one run, kept for later questions; who asks for the same while it goes on waits for it. */
export async function computed(
  subject: Subject,
  { feeds, key }: Reading,
  names: readonly string[],
): Promise<ReadonlyMap<string, HostTensor>> {
  const running = computing.get(subject) ?? new Map<string, Promise<ReadonlyMap<string, HostTensor>>>();
  computing.set(subject, running);
  const what = `${key} ${names.join(" ")}`;
  const work =
    running.get(what) ??
    subject.model.derive(`tensors ${names.join(" ")}`, feeds, (tensors) => {
      const steps = names.every((name) => tensors.all.has(name)) ? new Map<string, never>() : flowTensors(tensors);
      return new Map(
        names.map((name) => [
          name,
          tensors.all.get(name) ?? steps.get(name) ?? unknown(subject, tensors.all.keys(), name),
        ]),
      );
    });
  running.set(what, work);
  try {
    const results = await work;
    for (const [name, value] of results) void subject.traces.of(`${key} ${name}`, () => Promise.resolve(value));
    return results;
  } finally {
    running.delete(what);
  }
}

function unknown({ architecture }: Subject, names: Iterable<string>, name: string): never {
  const near = nearest(name, [...names]);
  const hint = near === undefined ? "Ask `flow` for the names." : `Did you mean "${near}"?`;
  throw new InputError(`${architecture.className} computes nothing named "${name}". ${hint}`);
}
