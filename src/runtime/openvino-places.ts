/** Where OpenVINO's C library may lie on this machine. Nothing is started and nothing is fetched. */
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { diskFolder } from "../files/disk.ts";

/** What was looked for, and what of it is there. */
export interface OpenVinoPlaces {
  /** The library's file, in the first place that has one. */
  readonly file: string | undefined;
  /** The place that the user named, if any. */
  readonly named: string | undefined;
  /** All places, in their order, for people. */
  readonly looked: readonly string[];
}

/** The environment variable that names the library, or the folder that it lies in. */
export const OPENVINO_VARIABLE = "HEED_OPENVINO";
/** The release that the tests run with. */
export const TESTED_OPENVINO = "2026.4";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The first OpenVINO that is found: the one that HEED_OPENVINO names and no other where it is set; otherwise in the
 * active Python environment, in that of the `python3` on PATH, in the user's own Python packages, in openvino-node's folder, in the
 * `.cache/openvino` of the project, or in the system's folders for libraries.
 */
export async function findOpenVino(environment: Environment = process.env): Promise<OpenVinoPlaces> {
  const named = environment[OPENVINO_VARIABLE];
  const looked: string[] = [];
  for (const place of named ? namedPlaces(named) : await usualPlaces(environment)) {
    if (looked.includes(place)) continue;
    looked.push(place);
    const file = await libraryIn(place);
    if (file !== undefined) return { file, named, looked };
  }
  return { file: undefined, named, looked };
}

/** The library itself, its folder, or a folder that a wheel was unpacked into. */
const namedPlaces = (named: string): string[] => [
  named,
  join(named, "libs"),
  join(named, "openvino", "libs"),
  join(named, "runtime", "lib", "intel64"),
];

/** The file in a folder, or the file itself; names differ between the wheel, the distributions and the systems. */
async function libraryIn(place: string): Promise<string | undefined> {
  const folder = diskFolder(place);
  const kind = await folder.kind("").catch(() => undefined);
  if (kind === "file") return place;
  if (kind === undefined) return undefined;
  const names = (await folder.list("").catch(() => [])).map(({ name }) => name);
  // The shortest: the others are the same file under longer names.
  const [first] = names.filter((name) => LIBRARY.test(name)).sort((a, b) => a.length - b.length);
  return first === undefined ? undefined : join(place, first);
}

const LIBRARY = /^(libopenvino_c\.so(\.\d+)*|libopenvino_c(\.\d+)*\.dylib|openvino_c\.dll)$/;

async function usualPlaces(environment: Environment): Promise<string[]> {
  const roots = [environment["VIRTUAL_ENV"], environment["CONDA_PREFIX"]].filter((root) => root !== undefined);
  const folders = (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of folders) {
    const name = process.platform === "win32" ? "python.exe" : "python3";
    if (
      (await diskFolder(folder)
        .kind(name)
        .catch(() => undefined)) !== "file"
    )
      continue;
    // On Windows the program lies in the environment itself, or in its folder Scripts.
    roots.push(...(process.platform === "win32" ? [folder] : []), dirname(folder));
  }
  const own = fileURLToPath(new URL("../..", import.meta.url));
  return [
    ...(await Promise.all(roots.map(pythonPlaces))).flat(),
    ...(await pythonPlaces(join(homedir(), ".local"))),
    ...[process.cwd(), own].map((root) => join(root, "node_modules", "openvino-node", "bin")),
    ...[process.cwd(), own].map((root) => join(root, ".cache", "openvino", "openvino", "libs")),
    ...(environment["LD_LIBRARY_PATH"] ?? "").split(delimiter).filter((folder) => folder !== ""),
    ...systemPlaces(environment),
  ];
}

/** The libraries of the package openvino in a Python environment. */
async function pythonPlaces(root: string): Promise<string[]> {
  const packages = (folder: string): string => join(folder, "openvino", "libs");
  if (process.platform === "win32") return [packages(join(root, "Lib", "site-packages"))];
  const lib = diskFolder(join(root, "lib"));
  const versions = await lib
    .list("")
    .then((entries) => entries.map(({ name }) => name).filter((name) => /^python3(\.\d+)?$/.test(name)))
    .catch(() => []);
  return versions.flatMap((version) =>
    ["site-packages", "dist-packages"].map((folder) => packages(join(root, "lib", version, folder))),
  );
}

function systemPlaces(environment: Environment): string[] {
  if (process.platform === "win32") return (environment["PATH"] ?? "").split(delimiter);
  if (process.platform === "darwin") return ["/opt/homebrew/lib", "/usr/local/lib"];
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  return ["/usr/local/lib", `/usr/lib/${machine}-linux-gnu`, "/usr/lib64", "/usr/lib"];
}
