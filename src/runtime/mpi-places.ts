/** Where Open MPI's library may lie on this machine. Nothing is started. */
import { delimiter, dirname, join } from "node:path";
import { diskFolder, realPath } from "../files/disk.ts";

/** What was looked for, and what of it is there. */
export interface MpiPlaces {
  /** The files to try, in their order. The last is a bare name, which the system's loader looks for. */
  readonly files: readonly string[];
  /** The place that the user named, if any. */
  readonly named: string | undefined;
}

/** The environment variable that names the library, or the folder that it lies in. */
export const MPI_VARIABLE = "HEED_MPI";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The library that HEED_MPI names and no other where it is set; otherwise that of the installation whose mpirun is the
 * first on PATH (the one that started this process, as a rule), then whatever the system's loader finds: folders of
 * LD_LIBRARY_PATH, then its own.
 */
export async function findMpi(environment: Environment = process.env): Promise<MpiPlaces> {
  const named = environment[MPI_VARIABLE];
  if (named) return { files: await librariesIn([named, join(named, "lib")]), named };
  const roots = [environment["OPAL_PREFIX"], environment["MPI_HOME"], await installation(environment)];
  const folders = roots.flatMap((root) => (root ? LIBRARY_FOLDERS.map((folder) => join(root, folder)) : []));
  return { files: [...(await librariesIn(folders)), ...SONAMES], named: undefined };
}

const MACHINE = process.arch === "arm64" ? "aarch64" : "x86_64";
const LIBRARY_FOLDERS = ["lib", "lib64", join("lib", `${MACHINE}-linux-gnu`), join("lib", "openmpi", "lib")];
/** Open MPI 4 and 5 have the same name for programs; MPICH's is another one. */
const SONAMES = process.platform === "darwin" ? ["libmpi.40.dylib", "libmpi.dylib"] : ["libmpi.so.40", "libmpi.so"];
const LIBRARY = /^libmpi(\.40)?\.(so|dylib)(\.40[.\d]*)?$/;

/** The root of the installation that the first mpirun on PATH belongs to. */
async function installation({ PATH = "" }: Environment): Promise<string | undefined> {
  for (const folder of PATH.split(delimiter).filter((one) => one !== "")) {
    const found = await realPath(join(folder, "mpirun"));
    if (found !== undefined) return dirname(dirname(found));
  }
  return undefined;
}

async function librariesIn(places: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const place of places) {
    const folder = diskFolder(place);
    const kind = await folder.kind("").catch(() => undefined);
    if (kind === "file") files.push(place);
    if (kind !== "folder") continue;
    const names = (await folder.list("").catch(() => [])).map(({ name }) => name);
    // A name with a version first: the bare one is there for compilers.
    const order = (name: string): number => (name.includes("40") ? 0 : 100) + name.length;
    const [first] = names.filter((name) => LIBRARY.test(name)).sort((a, b) => order(a) - order(b));
    if (first !== undefined) files.push(join(place, first));
  }
  return files;
}
