/**
 * The runs and models in the folders that the studio was opened on. Each has an id that is made of its name; a request
 * names an id, never a path, so that nothing outside of these folders can be named.
 */
import { basename } from "node:path";
import { readJson, type ReadableFolder } from "../files/index.ts";
import { diskFolder, isBeingWritten, realPath } from "../files/disk.ts";
import { InputError } from "../errors/index.ts";
import { describeModel, isModel, versionOf, type Described } from "./describe.ts";
import { Refusal } from "./refusal.ts";
import type { ModelPlace } from "./subjects.ts";
import type { TrainingState } from "./trainings.ts";

/** One line of the list of models. */
export interface ModelEntry {
  readonly id: string;
  /** Its folder's name; of a checkpoint, with its run's. */
  readonly title: string;
  /** Where it is, as the user named the place. */
  readonly place: string;
  /** "translator", or the class that config.json names. */
  readonly kind: string;
  readonly parameters: number;
  /** What its weights take in memory. */
  readonly bytes: number;
  readonly state: "ready" | "being written" | "unreadable";
  /** Why it cannot be asked, where it is not ready. */
  readonly problem?: string | undefined;
  /** Of a checkpoint: the id of its run, and after how many updates it was saved. */
  readonly run?: string | undefined;
  readonly step?: number | undefined;
  /** Of a checkpoint: what it is compared by, a validation loss or another score. */
  readonly score?: number | undefined;
  /** Whether it has a log of its training. */
  readonly log: boolean;
  /** How far its training is, where this server's process runs it; the list of `GET /api/models` says so. */
  readonly control?: TrainingState | null | undefined;
}

/** A folder that was found. */
interface Found {
  readonly id: string;
  readonly title: string;
  readonly path: string;
  readonly place: string;
  readonly run?: string | undefined;
  readonly step?: number | undefined;
  /** A link that leads elsewhere. */
  readonly outside?: boolean | undefined;
}

const LOG = "log.jsonl";
const CHECKPOINTS = "checkpoints";
/** How deep models are looked for below a place. */
const DEPTH = 3;

export class Catalogue {
  readonly #places: string[];
  /** Ids that were given out, by real path: they stay while the server runs. */
  readonly #ids = new Map<string, string>();
  readonly #known = new Map<string, Found>();
  readonly #described = new Map<string, { readonly version: string; readonly described: Described }>();

  private constructor(places: readonly string[]) {
    this.#places = [...places];
  }

  /** Throws InputError for a place that is not there. */
  static async open(places: readonly string[]): Promise<Catalogue> {
    for (const place of places) {
      if ((await diskFolder(place).kind("")) !== "folder") {
        throw new InputError(`${place} is no folder. Give folders of runs or models, such as runs.`);
      }
    }
    return new Catalogue(places);
  }

  /** Adds a place. */
  add(place: string): void {
    this.#places.push(place);
  }

  /** All that is there now. */
  async list(): Promise<ModelEntry[]> {
    const entries: ModelEntry[] = [];
    for (const found of await this.#scan()) entries.push(await this.#entry(found));
    return entries;
  }

  /** What to open. Throws Refusal: 404 for an id that there is not, 409 and 410 for what cannot be asked now. */
  async find(id: string): Promise<ModelPlace> {
    const found = await this.#found(id);
    const folder = diskFolder(found.path);
    if (!(await isModel(folder)) && (await folder.kind(LOG)) === undefined) throw gone(found);
    const entry = await this.#entry(found);
    if (entry.state === "being written") throw new Refusal(409, "CheckpointError", entry.problem!);
    if (entry.state === "unreadable") throw new Refusal(400, "CheckpointError", entry.problem!);
    return { id, path: found.path, version: await versionOf(folder, found.path), bytes: entry.bytes };
  }

  /** The folder of a run with a log. Throws Refusal where there is none. */
  async run(id: string): Promise<{ readonly path: string; readonly folder: ReadableFolder }> {
    const { path } = await this.#found(id);
    const folder = diskFolder(path);
    if ((await folder.kind(LOG)) === "file" || (await isBeingWritten(path))) return { path, folder };
    throw new Refusal(404, "InputError", `${id} has no log of a training.`);
  }

  /** The checkpoints of a run, by rising step. */
  async checkpoints(id: string): Promise<{ id: string; step: number; score: number | undefined }[]> {
    const { path, place, title } = await this.#found(id);
    const all: Found[] = [];
    await this.#lookAtCheckpoints(path, place, { id, title }, all);
    return Promise.all(all.map(async (one) => ({ id: one.id, step: one.step!, score: await scoreOf(one.path) })));
  }

  /** The id of a folder, where it is in one of the places. */
  async idOf(path: string): Promise<string | undefined> {
    const real = await realPath(path);
    await this.#scan();
    return real === undefined ? undefined : this.#ids.get(real);
  }

  async #found(id: string): Promise<Found> {
    if (!this.#known.has(id)) await this.#scan();
    const found = this.#known.get(id);
    if (found === undefined) throw new Refusal(404, "InputError", "There is no model of this id.");
    if ((await diskFolder(found.path).kind("")) !== "folder") throw gone(found);
    // A folder that was exchanged for a link after it was listed.
    if ((await realPath(found.path)) !== found.path && found.outside !== true) throw gone(found);
    return found;
  }

  async #scan(): Promise<Found[]> {
    const all: Found[] = [];
    for (const place of this.#places) {
      const path = await realPath(place);
      if (path !== undefined) await this.#look(path, place, basename(path) || "model", DEPTH, all);
    }
    for (const found of all) this.#known.set(found.id, found);
    return all;
  }

  async #look(path: string, place: string, title: string, depth: number, all: Found[]): Promise<void> {
    const folder = diskFolder(path);
    const entries = await folder.list().catch(() => []);
    const names = new Set(entries.map(({ name }) => name));
    const inner = entries.filter(({ kind }) => kind === "folder").map(({ name }) => name);
    if (names.has("config.json") || names.has(LOG) || inner.includes(CHECKPOINTS)) {
      if (all.some((one) => one.path === path)) return;
      const id = this.#idFor(path, title);
      all.push({ id, title, path, place });
      if (inner.includes(CHECKPOINTS)) await this.#lookAtCheckpoints(path, place, { id, title }, all);
      return;
    }
    if (depth === 0) return;
    for (const { name, kind } of entries) {
      const [below, shown] = [`${path}/${name}`, `${place}/${name}`];
      // The title is the path below the place.
      const named = depth === DEPTH ? name : `${title}/${name}`;
      if (kind === "folder") await this.#look(below, shown, named, depth - 1, all);
      else if ((await folder.kind(name)) === "folder") {
        all.push({ id: this.#idFor(below, named), title: named, path: below, place: shown, outside: true });
      }
    }
  }

  async #lookAtCheckpoints(path: string, place: string, run: Pick<Found, "id" | "title">, all: Found[]): Promise<void> {
    for (const { name, kind } of await diskFolder(path)
      .list(CHECKPOINTS)
      .catch(() => [])) {
      if (kind !== "folder" || !/^step-\d{6,}$/.test(name)) continue;
      const [below, shown, title] = [
        `${path}/${CHECKPOINTS}/${name}`,
        `${place}/${CHECKPOINTS}/${name}`,
        `${run.title} ${name}`,
      ];
      const step = Number(name.slice("step-".length));
      const id = this.#idFor(below, `${run.id}.${name}`);
      const found: Found = { id, title, path: below, place: shown, run: run.id, step };
      this.#known.set(id, found);
      all.push(found);
    }
  }

  #idFor(path: string, title: string): string {
    const before = this.#ids.get(path);
    if (before !== undefined) return before;
    const plain = title.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^\.+/, "");
    const taken = new Set(this.#ids.values());
    let id = plain;
    for (let copy = 2; taken.has(id) || id === ""; copy++) id = `${plain}-${copy}`;
    this.#ids.set(path, id);
    return id;
  }

  async #entry({ id, title, path, place, run, step, outside }: Found): Promise<ModelEntry> {
    const folder = diskFolder(path);
    const shown = { id, title, place, run, step };
    const none = { kind: "model", parameters: 0, bytes: 0, log: false };
    if (outside === true) {
      const problem = `${place} is a link that leads out of the given folders. Open the studio on the folder itself.`;
      return { ...shown, ...none, state: "unreadable", problem };
    }
    const log = (await folder.kind(LOG)) === "file";
    const writing = run === undefined && (await isBeingWritten(path));
    if (writing) {
      const problem = `${place} is being written: a training goes on there. Ask about one of its checkpoints.`;
      const described = (await isModel(folder)) ? await this.#describe(path) : none;
      return { ...shown, ...described, log, state: "being written", problem };
    }
    if (!(await isModel(folder))) {
      const problem = `The training in ${place} is not finished. Ask about one of its checkpoints, or go on with --resume.`;
      return { ...shown, ...none, log, state: "unreadable", problem };
    }
    const described = await this.#describe(path);
    const score = run === undefined ? undefined : await scoreOf(path);
    return { ...shown, ...described, score, log, state: described.problem === undefined ? "ready" : "unreadable" };
  }

  async #describe(path: string): Promise<Described> {
    const folder = diskFolder(path);
    const version = await versionOf(folder, path);
    const before = this.#described.get(path);
    if (before?.version === version) return before.described;
    const described = await describeModel(folder);
    this.#described.set(path, { version, described });
    return described;
  }
}

const gone = ({ place }: Found): Refusal =>
  new Refusal(410, "CheckpointError", `${place} is gone: it was deleted or moved after the studio had listed it.`);

async function scoreOf(path: string): Promise<number | undefined> {
  const manifest = (await readJson(diskFolder(path), "manifest.json").catch(() => undefined)) as
    { readonly score?: unknown } | undefined;
  return typeof manifest?.score === "number" ? manifest.score : undefined;
}
