// Where the peers live: one ignored folder for all scripts, .cache/peers, filled on first use.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, ".cache", "peers");
const PYTHON_PACKAGES = ["torch", "transformers", "sacrebleu", "tokenizers", "safetensors", "numpy"];
/**
 * The JavaScript peers by folder (not that of the pages' peers: npm would remove those from it), with their versions: npm
 * would take the newest, and numbers of two days would differ.
 */
const TOKENIZERS = { home: "node-tokenizers", packages: { "@huggingface/tokenizers": "0.2.0" } };
/** Transformers.js 4 for Node brings an ONNX Runtime of its own. */
export const TRANSFORMERS = { home: "node-transformers", packages: { "@huggingface/transformers": "4.3.1" } };

const environment = join(folder, "python");
/** Written when an installation is complete. */
const doneIn = (home) => join(home, "heed-peers.txt");

const reasonOf = (error) =>
  String(error.stderr ?? error.message)
    .trim()
    .split("\n")
    .at(-1);

let python;

/**
 * The Python that has the peers: `HEED_PEERS`, or an environment made here once (PyTorch brings CUDA, 6 GB). Gives
 * its path, or the reason why there is none.
 */
export function pythonOfPeers(log) {
  python ??= findPython(log);
  return python;
}

function findPython(log) {
  const given = process.env.HEED_PEERS;
  if (given !== undefined) {
    return existsSync(given) ? { path: given } : { missing: `HEED_PEERS names a file that is not there` };
  }
  const path = join(environment, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const done = doneIn(environment);
  if (existsSync(done)) return { path };
  try {
    mkdirSync(folder, { recursive: true });
    log(`Installing ${PYTHON_PACKAGES.join(", ")} and openvino into .cache/peers (about 6 GB, once) …`);
    const quiet = { stdio: ["ignore", "ignore", "pipe"] };
    execFileSync("python3", ["-m", "venv", environment], quiet);
    const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    execFileSync(path, [...install, ...PYTHON_PACKAGES], quiet);
    // OpenVINO without what it depends on: NumPy is there, and its telemetry is left out.
    execFileSync(path, [...install, "--no-deps", "openvino"], quiet);
    tryJoeynmt(path, install, log);
    writeFileSync(done, `${PYTHON_PACKAGES.join("\n")}\nopenvino\n`);
    return { path };
  } catch (error) {
    return { missing: `the Python peers could not be installed: ${reasonOf(error)}` };
  }
}

/** JoeyNMT asks for importlib_metadata without saying so. Where it cannot be installed its lane says that it is missing. */
function tryJoeynmt(path, install, log) {
  try {
    const quiet = { stdio: ["ignore", "ignore", "pipe"], timeout: 300_000 };
    execFileSync(path, [...install, "joeynmt", "importlib_metadata"], quiet);
  } catch (error) {
    log(`JoeyNMT could not be installed: ${reasonOf(error)}`);
  }
}

let openvino;

/** Where Heed's lanes find OpenVINO: what `HEED_OPENVINO` says, or the package in the peers' Python. */
export function openvinoEnvironment() {
  if (process.env.HEED_OPENVINO !== undefined || !hasPython()) return {};
  const script = "import importlib.util as u; print(u.find_spec('openvino').submodule_search_locations[0])";
  try {
    openvino ??= execFileSync(pythonOfPeers(() => undefined).path, ["-c", script], { encoding: "utf8", stdio: "pipe" });
    return { HEED_OPENVINO: openvino.trim() };
  } catch {
    return {};
  }
}

/** Whether the peers' Python is there already: naming versions and places is no reason to install 6 GB. */
const hasPython = () => python !== undefined || process.env.HEED_PEERS !== undefined || existsSync(doneIn(environment));

/** A lane that runs a script of peers/ in the peers' Python. */
export function peerLane({ log }, name, script, job, extra = {}) {
  const { path, missing } = pythonOfPeers(log);
  const given = [`tools/bench/peers/${script}.py`];
  return { name, command: path, arguments: given, job, missing, ...extra };
}

/**
 * A lane that runs in a Python that has JoeyNMT: the one that `HEED_JOEYNMT` names, or the peers'. Its installation may
 * fail without the other peers' failing.
 */
export function joeynmtLane(context, name, script, job) {
  const lane = peerLane(context, name, script, job);
  return process.env.HEED_JOEYNMT === undefined
    ? lane
    : { ...lane, command: process.env.HEED_JOEYNMT, missing: undefined };
}

/** The folder that JavaScript peers are installed in, or why one is not there. */
export function nodePeers(log, { home: name, packages } = TOKENIZERS) {
  const home = join(folder, name);
  const wanted = JSON.stringify({ name: "heed-peers", private: true, dependencies: packages }, undefined, 2);
  const done = doneIn(home);
  if (existsSync(done) && readFileSync(done, "utf8") === wanted) return { path: home };
  try {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), wanted);
    log(`Installing ${Object.keys(packages).join(", ")} into .cache/peers …`);
    const args = ["install", "--prefix", home, "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    execFileSync("npm", args, { cwd: home, stdio: ["ignore", "ignore", "pipe"], shell: process.platform === "win32" });
    writeFileSync(done, wanted);
    return { path: home };
  } catch (error) {
    return { missing: `it could not be installed: ${reasonOf(error)}` };
  }
}

/** Versions of the Python peers that are there, by name. */
export function pythonVersions() {
  const { path } = hasPython() ? pythonOfPeers(() => undefined) : {};
  if (path === undefined) return {};
  const script = [
    "import json, platform, importlib.metadata as m",
    "found = {'Python': platform.python_version()}",
    "for name in ['torch', 'transformers', 'tokenizers', 'sacrebleu', 'openvino']:",
    "    try: found[name] = m.version(name)",
    "    except m.PackageNotFoundError: pass",
    "print(json.dumps(found))",
  ].join("\n");
  try {
    return JSON.parse(execFileSync(path, ["-c", script], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  } catch {
    return {};
  }
}

/** Versions of the JavaScript peers that are there, by name. */
export function nodeVersions() {
  const found = {};
  for (const { home, packages } of [TOKENIZERS, TRANSFORMERS]) {
    for (const name of Object.keys(packages)) {
      const file = join(folder, home, "node_modules", name, "package.json");
      if (existsSync(file)) found[name] = JSON.parse(readFileSync(file, "utf8")).version;
    }
  }
  return found;
}
