/** Config files, YAML or JSON: `--config translator.yaml`. */
import { parseDocument } from "yaml";
import { ConfigError } from "../errors/index.ts";
import { readText, type ReadableFolder } from "../files/index.ts";

/**
 * The keys and values of a YAML or JSON file; none where it is empty. What they may be is for the room that they
 * configure to check (`parseConfig`). Throws ConfigError that names the line of what is no YAML.
 */
export async function readConfigFile(folder: ReadableFolder, path: string): Promise<Readonly<Record<string, unknown>>> {
  const shown = folder.describe(path);
  // JSON is YAML, too.
  const document = parseDocument(await readText(folder, path));
  const [problem] = document.errors;
  if (problem !== undefined) {
    const what = problem.message.split(" at line ")[0]!;
    throw new ConfigError(`${shown}, line ${problem.linePos?.[0].line ?? 1}: ${what}. YAML or JSON was expected.`);
  }
  const value: unknown = document.toJS() ?? {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ConfigError(`${shown} holds no settings. Lines such as "seed: 1" were expected.`);
}
