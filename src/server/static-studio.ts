/** The studio as a folder of files for any web server: models lie beside the page, which computes by itself. */
import { readText, type Folder, type ReadableFolder } from "../files/index.ts";
import { diskFolder } from "../files/disk.ts";
import { InputError } from "../errors/index.ts";
import { WEB_BUILD_FILES, webBuildFolder } from "../runtime/web-files.ts";
import { Catalogue, type ModelEntry } from "./catalogue.ts";
import { builtApp } from "./studio.ts";

/** A model of a static studio. */
export interface StaticModel extends ModelEntry {
  /** Its folder, relative to the page. */
  readonly folder: string;
  /** The files in it: a web server does not tell what is in a folder. */
  readonly files: readonly string[];
}

/** What `models.json` says. */
export interface StaticModels {
  readonly models: readonly StaticModel[];
}

const INDEX = "models.json";
/** What opens a model, shows its tokens, and tells of its training. */
const NEEDED = /\.(json|jsonl|txt|model|jinja|safetensors)$/;
/** A training's own state, which may be larger than the model. */
const TRAINING = new Set(["optimizer.safetensors", "training.json", "checkpoints"]);

/**
 * Writes the page, the engine that it computes with and the models found in `places` into the folder `out`; an earlier
 * build there is replaced. Gives what models.json says. Throws InputError where there is no model, and where `out` holds
 * something else.
 */
export async function writeStaticStudio({
  places,
  out,
  app = builtApp(),
}: {
  readonly places: readonly string[];
  readonly out: string;
  /** The folder of the built page. Default: the package's. */
  readonly app?: string | undefined;
}): Promise<StaticModels> {
  const catalogue = await Catalogue.open(places);
  const found = (await catalogue.list()).filter(({ state, run }) => state === "ready" && run === undefined);
  if (found.length === 0) {
    throw new InputError(
      `There is no model in ${places.join(", ") || "no folder"}. Name folders of finished runs or models.`,
    );
  }
  const folder = diskFolder(out);
  if (
    (await folder.kind("")) === "folder" &&
    (await folder.kind(INDEX)) !== "file" &&
    (await folder.list()).length > 0
  ) {
    throw new InputError(`${out} holds something else than a studio. Name a folder that is empty or new.`);
  }
  for (const part of ["assets", "ort", "models"]) await folder.remove(part);
  await copyAll(diskFolder(app), folder);
  const build = diskFolder(webBuildFolder());
  for (const file of WEB_BUILD_FILES) await folder.write(`ort/${file}`, build.readStream(file));
  const models: StaticModel[] = [];
  for (const entry of found) {
    const to = `models/${encodeURIComponent(entry.id).replaceAll("%", "_")}`;
    const { path } = await catalogue.find(entry.id);
    const files = await neededFiles(diskFolder(path));
    for (const file of files) await folder.write(`${to}/${file}`, diskFolder(path).readStream(file));
    // Where the model was on the disk of whoever built the page concerns nobody who reads it.
    models.push({ ...entry, place: entry.title, folder: to, files });
  }
  await folder.write(INDEX, JSON.stringify({ models } satisfies StaticModels));
  const page = await readText(folder, "index.html");
  await folder.write(
    "index.html",
    page.replace("<meta charset", `<meta name="heed-models" content="${INDEX}" />\n    <meta charset`),
  );
  return { models };
}

async function copyAll(from: ReadableFolder, to: Folder, path = ""): Promise<void> {
  for (const { name, kind } of await from.list(path)) {
    const full = path === "" ? name : `${path}/${name}`;
    if (kind === "folder") await copyAll(from, to, full);
    else await to.write(full, from.readStream(full));
  }
}

async function neededFiles(folder: ReadableFolder, path = ""): Promise<string[]> {
  const files: string[] = [];
  for (const { name, kind } of await folder.list(path)) {
    const full = path === "" ? name : `${path}/${name}`;
    if (TRAINING.has(name)) continue;
    if (kind === "folder") files.push(...(await neededFiles(folder, full)));
    else if (NEEDED.test(name)) files.push(full);
  }
  return files;
}
