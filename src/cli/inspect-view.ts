/** `heed inspect --view`: one question to a model of any family, its answer as text, SVG or JSON. */
import { diskFolder } from "../files/disk.ts";
import { findModel } from "../files/hub.ts";
import { InputError, nearest } from "../errors/index.ts";
import { ask, openSubject, queries, type Query } from "../inspect/index.ts";
import type { EngineOptions } from "../runtime/index.ts";
import { jsonLine, type Io } from "./io.ts";
import { inspectViews } from "./inspect-views/index.ts";
import type { InspectView, ViewFlags } from "./inspect-views/view.ts";
import { colorDepthOf, widthOf } from "./terminal/index.ts";

/** How it is shown. */
export interface ViewOutput {
  readonly format: "text" | "svg" | "json";
  readonly engine: EngineOptions;
}

/** Opens a model, asks what the view asks, and writes the answer. Throws InputError for a view that there is not. */
export async function inspectView(
  model: string,
  name: string,
  flags: ViewFlags,
  { format, engine }: ViewOutput,
  io: Io,
): Promise<void> {
  const view = viewNamed(name);
  const subject = await openSubject(await findModel(model), engine);
  try {
    const reads = subject.images === undefined ? flags : { ...flags, ...(await imageOf(flags.text)) };
    const query = queries[view.query] as unknown as Query;
    const answer = (await ask(query, subject, view.question(reads))) as never;
    await io.stdout.write(shown(view, answer, format, io));
  } finally {
    await subject.dispose();
  }
}

function viewNamed(name: string): InspectView {
  const found = inspectViews[name];
  if (found !== undefined) return found;
  const names = Object.keys(inspectViews);
  const near = nearest(name, names);
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  throw new InputError(`There is no view "${name}". The views are ${names.join(", ")}.${hint}`);
}

/** For a model of images the text is a file; without one it looks at a test card. */
async function imageOf(path: string): Promise<{ image?: string }> {
  if (!/\.(png|jpe?g)$/i.test(path)) return {};
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  const bytes = await diskFolder(cut < 0 ? "." : path.slice(0, cut + 1)).read(path.slice(cut + 1));
  return { image: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")) };
}

function shown(view: InspectView, answer: never, format: ViewOutput["format"], io: Io): string {
  if (format === "json") return jsonLine(plain(answer));
  if (format === "svg") return `${view.svg(answer)}\n`;
  const look = { width: widthOf(io.stdout), colorDepth: colorDepthOf(io.stdout, io.environment) };
  return `${view.text(answer, look)}\n`;
}

/** An answer with its tensors as shapes and lists. */
function plain(answer: object): object {
  const { tensors = {}, ...rest } = answer as {
    tensors?: Record<string, { shape: readonly number[]; data: ArrayLike<number> }>;
  };
  const lists = Object.entries(tensors).map(([name, { shape, data }]) => [
    name,
    { shape, values: Array.from(data, Number) },
  ]);
  return { ...rest, tensors: Object.fromEntries(lists) as object };
}
