import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { CheckpointError, InputError } from "../../src/errors/index.ts";
import { findModel, pull, type PullProgress } from "../../src/files/hub.ts";
import { findModel as findInPage, pull as pullInPage } from "../../src/files/no-hub.ts";
import { COMMIT, sendBytes, type Mischief } from "./hub-server.ts";
import { atWeights, contents, environment, home, hub, path, place, pulled, refusal, REPO, weights } from "./pulling.ts";

/** Sends so many bytes of the weights, and breaks the connection. */
const cutAfter =
  (bytes: number): Mischief =>
  (request, response) => {
    const from = Number(/\d+/.exec(request.headers.range ?? "")?.[0] ?? 0);
    const range = { "content-range": `bytes ${from}-${weights.length - 1}/${weights.length}` };
    response.writeHead(from > 0 ? 206 : 200, { "content-length": weights.length - from, ...(from > 0 && range) });
    response.write(weights.subarray(from, from + bytes), () => setTimeout(() => response.destroy(), 20));
    return true;
  };

describe("pulling a model", () => {
  it("downloads what Heed opens, by its commit, and is found without a request", async () => {
    const told: PullProgress[] = [];
    const { folder, commit, left } = await pulled({ progress: (state) => told.push(state) });
    expect(commit).toBe(COMMIT);
    expect(folder.describe()).toBe(home(COMMIT));
    expect(left.map((file) => file.path)).toEqual(["onnx/model.onnx", "pytorch_model.bin"]);
    expect(Buffer.compare(readFileSync(home(COMMIT, "model.safetensors")), weights)).toBe(0);
    expect(readFileSync(home(COMMIT, "1_Pooling", "config.json"), "utf8")).toBe("{}");
    expect(readdirSync(home(COMMIT)).sort()).toEqual(
      ["1_Pooling", "README.md", "config.json", "empty.txt", "model.safetensors", "vocab.txt"].sort(),
    );
    expect(hub.requests.every((line) => line.startsWith("GET api/") || line.includes(`/resolve/${COMMIT}/`))).toBe(
      true,
    );
    expect(told.at(-1)).toMatchObject({ done: told[0]!.total, total: told[0]!.total });
    expect(told.reduce((sum, { received }) => sum + received, 0)).toBe(told[0]!.total);
    expect(told.length).toBeGreaterThan(4);

    const before = hub.requests.length;
    const found = await findModel(REPO, { environment: environment() });
    expect(Buffer.from(await found.read("config.json")).toString()).toBe(contents["config.json"]);
    await findModel(REPO, { environment: environment(), revision: COMMIT });
    expect(hub.requests).toHaveLength(before);
    await expect(findModel(REPO, { environment: environment(), revision: "v2" })).rejects.toThrow(
      `tiny/model was pulled at ${COMMIT}, main, not at v2. Pull it, which goes on where it stopped: heed pull tiny/model --revision v2`,
    );
  });

  it("does not download again what is there", async () => {
    await pulled();
    hub.requests.length = 0;
    await pulled({ revision: "refs/pr/1" });
    expect(hub.requests).toEqual([`GET api/models/${REPO}/revision/refs/pr/1?blobs=true`]);
    await findModel(REPO, { environment: environment(), revision: "refs/pr/1" });
    rmSync(home(COMMIT, "vocab.txt"));
    await pulled();
    expect(hub.requests.slice(2)).toEqual([`GET ${REPO}/resolve/${COMMIT}/vocab.txt`]);
  });

  it("takes configs, tokenizer and safetensors alone where told", async () => {
    const { files } = await pulled({ only: "safetensors" });
    expect(files.map((file) => file.path)).toEqual([
      ...["config.json", "model.safetensors", "1_Pooling/config.json", "vocab.txt"],
    ]);
  });

  it("refuses a model of pickles before anything is downloaded", async () => {
    hub.files.delete("model.safetensors");
    const error = await refusal(pulled());
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toMatch(
      /^tiny\/model has no safetensors, only pickles such as pytorch_model\.bin: opening one/,
    );
    expect(error.message).toContain('AutoModel.from_pretrained("tiny/model").save_pretrained');
    expect(hub.requests).toHaveLength(1);
  });

  it("refuses names and paths that are none", async () => {
    for (const name of ["", "../x", "a/b/c", "a b", "a--b", "/etc", "a/..", "https://x"]) {
      await expect(pull(name, { environment: environment() }), name).rejects.toThrow("is not the name of a model");
    }
    for (const bad of ["../../evil", "/etc/evil", "a/../../evil", "C:\\evil", "a\\b", "a//b", "x.part"]) {
      hub.listing = (value) => ({ ...value, siblings: [{ rfilename: bad, size: 1 }] });
      await expect(pulled(), bad).rejects.toThrow("which no model has. It was not pulled.");
    }
    await expect(pulled({ endpoint: "ftp://hub" })).rejects.toThrow('"ftp://hub" is not a web address of a hub');
    hub.listing = () => ({ models: [] });
    await expect(pulled()).rejects.toThrow("answered with no list of files for tiny/model. Is it a Hugging Face hub?");
    hub.listing = (value) => ({ ...value, sha: "../.." });
    await expect(pulled()).rejects.toThrow("answered with no list of files");
  });
});

describe("a download that breaks off", () => {
  it("goes on where it stopped, as long as it gains", async () => {
    atWeights(8, cutAfter(30_000));
    const told: PullProgress[] = [];
    await pulled({ progress: (state) => told.push(state) });
    expect(Buffer.compare(readFileSync(home(COMMIT, "model.safetensors")), weights)).toBe(0);
    const ranges = hub.requests.filter((line) => line.includes("bytes="));
    expect(ranges).toHaveLength(8);
    expect(new Set(ranges).size).toBe(8);
    expect(told.reduce((sum, { received }) => sum + received, 0)).toBe(told[0]!.total);
  });

  it("goes on in the next pull, after it was given up", async () => {
    atWeights(2, cutAfter(120_000));
    const real = hub.mischief!;
    hub.mischief = (request, response, asked) => {
      if (real(request, response, asked)) return true;
      if (asked === place) request.socket.destroy();
      return asked === place;
    };
    const error = await refusal(pulled());
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toContain(`${hub.endpoint} could not be reached`);
    const part = readFileSync(home(COMMIT, "model.safetensors.part"));
    expect(part.length).toBeGreaterThan(100_000);
    expect(Buffer.compare(part, weights.subarray(0, part.length))).toBe(0);
    await expect(findModel(REPO, { environment: environment() })).rejects.toThrow(
      "tiny/model is half a download. Pull it, which goes on where it stopped: heed pull tiny/model",
    );
    hub.mischief = undefined;
    hub.requests.length = 0;
    await pulled();
    expect(hub.requests).toContain(`GET ${place} bytes=${part.length}-`);
    expect(Buffer.compare(readFileSync(home(COMMIT, "model.safetensors")), weights)).toBe(0);
  });

  it("starts again where the server knows no ranges, or the part is not its own", async () => {
    atWeights(1, cutAfter(50_000));
    const cut = hub.mischief!;
    hub.mischief = (request, response, asked) => {
      if (cut(request, response, asked)) return true;
      delete request.headers.range;
      return false;
    };
    await pulled();
    expect(Buffer.compare(readFileSync(home(COMMIT, "model.safetensors")), weights)).toBe(0);
  });

  it("is not asked for again where only its name is missing", async () => {
    await pulled();
    renameSync(home(COMMIT, "model.safetensors"), home(COMMIT, "model.safetensors.part"));
    hub.requests.length = 0;
    await pulled();
    expect(hub.requests).toHaveLength(1);
    // A part that is too long is not of this file.
    writeFileSync(home(COMMIT, "vocab.txt.part"), "[PAD]\n[UNK]\n");
    rmSync(home(COMMIT, "vocab.txt"));
    await pulled();
    expect(readFileSync(home(COMMIT, "vocab.txt"), "utf8")).toBe(contents["vocab.txt"]);
    expect(readdirSync(home(COMMIT)).some((name) => name.endsWith(".part"))).toBe(false);
  });

  it("survives kill -9 in the middle", async () => {
    const large = Uint8Array.from({ length: 3_500_000 }, (_, i) => i * 31);
    hub.files.set("model.safetensors", large);
    let stalled: () => void;
    const stall = new Promise<void>((resolve) => (stalled = resolve));
    atWeights(1, (_, response) => {
      response.writeHead(200, { "content-length": large.length });
      response.write(large.subarray(0, 2_500_000));
      stalled();
      return true;
    });
    const script = fileURLToPath(new URL("pull-alone.mjs", import.meta.url));
    const child = spawn(process.execPath, [script, hub.endpoint, path, REPO], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    await Promise.race([stall, once(child, "exit")]);
    expect(child.exitCode).toBeNull();
    const part = home(COMMIT, "model.safetensors.part");
    await vi.waitFor(
      () => {
        expect(statSync(part).size).toBeGreaterThan(1_000_000);
      },
      { timeout: 10_000 },
    );
    await expect(pulled()).rejects.toThrow(`process ${child.pid!} has been writing there`);
    child.kill("SIGKILL");
    await once(child, "close");
    hub.requests.length = 0;
    await pulled();
    expect(hub.requests.find((line) => line.includes(place))).toMatch(/bytes=[1-9]\d{6}-$/);
    expect(Buffer.compare(readFileSync(home(COMMIT, "model.safetensors")), large)).toBe(0);
    expect(readdirSync(home()).sort()).toEqual([COMMIT, "revisions"]);
  });

  it("is deleted and named where its checksum is wrong", async () => {
    atWeights(1, (request, response) => {
      sendBytes(request, response, weights.with(123_456, 0));
      return true;
    });
    const error = await refusal(pulled());
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toMatch(
      /^model\.safetensors of tiny\/model was not downloaded as the hub has it: its checksum is [0-9a-f]{64}, and the hub says [0-9a-f]{64}\. It was deleted/,
    );
    expect(readdirSync(home(COMMIT))).toEqual(["config.json"]);
    await pulled();
    hub.files.set("vocab.txt", new TextEncoder().encode("other\n"));
    hub.listing = (value) => {
      for (const one of value.siblings) if (one["rfilename"] === "vocab.txt") one["blobId"] = "a".repeat(40);
      return value;
    };
    rmSync(home(COMMIT, "vocab.txt"));
    await expect(pulled()).rejects.toThrow(/^vocab\.txt of tiny\/model .* its checksum is [0-9a-f]{40}, and/);
  });

  it("is checked for its length, too, where the hub knows no checksum", async () => {
    hub.listing = (value) => ({ ...value, siblings: [{ rfilename: "vocab.txt", size: 3 }] });
    await expect(pulled()).rejects.toThrow("it has 6 bytes, and 3 were expected");
    hub.listing = (value) => ({ ...value, siblings: [{ rfilename: "vocab.txt" }] });
    await pulled();
    expect(readFileSync(home(COMMIT, "vocab.txt"), "utf8")).toBe("[PAD]\n");
  });
});

describe("a disk that is full", () => {
  it("is told in a sentence, and what came is kept", async () => {
    const { memoryFolder } = await import("../../src/files/index.ts");
    const cache = memoryFolder();
    const at = cache.at.bind(cache);
    const large = new Uint8Array(3_500_000).fill(7);
    hub.files.set("model.safetensors", large);
    let room = 2_500_000;
    cache.at = (below) => {
      const folder = at(below);
      const inner = folder.at.bind(folder);
      folder.at = (deeper) => {
        const commit = inner(deeper);
        const append = commit.append.bind(commit);
        commit.append = (name, content) => {
          if ((room -= content.length) < 0) return Promise.reject(new InputError(`The disk is full: ${name}`));
          return append(name, content);
        };
        return commit;
      };
      return folder;
    };
    await expect(pulled({ cache })).rejects.toThrow("The disk is full: model.safetensors.part");
    room = Infinity;
    hub.requests.length = 0;
    await pulled({ cache });
    expect(hub.requests.find((line) => line.includes(place))).toMatch(/bytes=[1-9]\d{6}-$/);
    expect(await cache.size(`tiny--model/${COMMIT}/model.safetensors`)).toBe(large.length);
  });
});

describe("finding a model", () => {
  it("takes a folder before a repository, and a web address", async () => {
    expect((await findModel(path)).describe()).toBe(path);
    expect((await findModel(hub.endpoint)).describe()).toBe(`${hub.endpoint}/`);
  });

  it("says what to do where there is none", async () => {
    await pulled();
    await expect(findModel("tiny/modle", { environment: environment() })).rejects.toThrow(
      "tiny/modle is neither a folder nor a model that was pulled. Did you mean tiny/model, which was pulled? " +
        "Check the path, or download it: heed pull tiny/modle",
    );
    await expect(findModel("runs/a/b/none", { environment: environment() })).rejects.toThrow(
      "runs/a/b/none does not exist. Check the path, or give the name of a pulled model.",
    );
    await expect(findInPage("tiny/model")).rejects.toThrow("A page has no disk to find tiny/model on");
    await expect(pullInPage("tiny/model")).rejects.toThrow("A page has no disk to pull tiny/model to");
    expect((await findInPage("https://example.org/x")).describe()).toBe("https://example.org/x/");
  });
});
