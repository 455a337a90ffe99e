/** README and docs/architecture.md: their commands parse, their samples run, what they quote and name is there. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import typescript from "typescript";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { commands } from "../../src/cli/commands/index.ts";
import { finetuneTogether, wayConfig } from "../../src/learning/index.ts";
import { translatorRunConfig } from "../../src/tasks/translator-run.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const pages = ["README.md", "docs/architecture.md"];

/** The contents of a page's fenced blocks in one language. */
function blocks(page: string, language: string): string[] {
  const fences = read(page).matchAll(/^```(\w*)\n(.*?)^```$/gms);
  return [...fences].filter(([, found]) => found === language).map(([, , content]) => content!);
}

/** The lines of shell blocks, without comments; those that end with a backslash go on in the next. */
const shellLines = pages.flatMap((page) =>
  blocks(page, "sh").flatMap((block) => block.replaceAll("\\\n", " ").split("\n")),
);

/** The words of a shell line from `heed` on, up to a pipe or a redirection. */
function heedWords(line: string): string[] | undefined {
  const words = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c!);
  const start = words.indexOf("heed");
  if (line.startsWith("#") || start < 0) return undefined;
  const end = words.findIndex((word, i) => i > start && ["|", ">", "<", "#"].includes(word));
  return words.slice(start + 1, end < 0 ? undefined : end);
}

/** Keeps a command from doing anything but reading its options. */
function idle(command: Command): void {
  command
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .action(() => undefined);
  // A command that only holds others must be given one of them.
  if (command.commands.length > 0) {
    command.action((_flags, { args }: Command) => {
      throw new Error(`${command.name()} has no command ${args.join(" ")}.`);
    });
  }
  command.commands.forEach(idle);
}

const nowhere = {
  stdin: { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("not read")) }) },
  stdout: { write: () => Promise.resolve() },
  stderr: { write: () => undefined },
  environment: {},
};

async function parseHeed(words: readonly string[]): Promise<void> {
  const [name = "", ...rest] = words;
  const entry = commands.find((one) => one.name === name);
  if (entry === undefined) throw new Error(`There is no command ${name}.`);
  const command = (await entry.load()).command(nowhere);
  idle(command);
  if (rest.includes("--help")) {
    const path = rest.filter((word) => !word.startsWith("-"));
    const inner = path.reduce<Command | undefined>((at, step) => at?.commands.find((c) => c.name() === step), command);
    expect(inner, path.join(" ")).toBeDefined();
    return;
  }
  await command.parseAsync(rest, { from: "user" });
}

describe("the commands", () => {
  const lines = shellLines.filter((line) => heedWords(line) !== undefined);

  it("are many: each of heed's is in the README", () => {
    const named = new Set(lines.map((line) => heedWords(line)![0]));
    // `npm start` is heed start.
    expect([...named, "start"].sort()).toEqual(commands.map(({ name }) => name).sort());
  });

  it.each(lines)("%s", async (line) => {
    await parseHeed(heedWords(line)!);
  });

  it("of which one that does not exist would be noticed", async () => {
    await expect(parseHeed(["inspect", "runs/a", "b", "--atention", "cross"])).rejects.toThrow(/unknown option/);
    await expect(parseHeed(["inspect", "runs/a", "b", "--attention", "crosses"])).rejects.toThrow(/choices/);
    await expect(parseHeed(["score", "blue"])).rejects.toThrow();
    await expect(parseHeed(["translate"])).rejects.toThrow(/--model/);
  });

  it("of npm are scripts of package.json", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = pages.flatMap((page) => [...read(page).matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name!));
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    expect(named.length).toBeGreaterThan(3);
  });
});

it("the config files of the README are some", () => {
  const [config, ...others] = blocks("README.md", "yaml").sort(
    (a, b) => Number(/^tasks:/m.test(a)) - Number(/^tasks:/m.test(b)),
  );
  expect(translatorRunConfig(parse(config!), "README.md").training.minutes).toBe(60);
  expect(others.map((one) => Object.keys(wayConfig(finetuneTogether, parse(one), "README.md").tasks))).toEqual([
    ["mood", "follows", "same", "ending"],
  ]);
});

it("docs/architecture.md shows the family of src/models/opt.ts as it is", () => {
  expect(blocks("docs/architecture.md", "ts")).toContain(read("src/models/opt.ts"));
});

/** A sample of a page, and the file that is compiled with the tests; they differ in what they import from. */
const samples = [
  {
    page: "README.md",
    file: "attention-sample.ts",
    quick: undefined,
    says: /^\[ 1, 5, 53 \] 3 2\nlayer 1, head 1\n[^]*#17/,
  },
  { page: "README.md", file: "readme-sample.ts", quick: [/updates: \d+/, "updates: 2"] as const, says: /-\d+\.\d+\n$/ },
  {
    page: "docs/architecture.md",
    file: "model-sample.ts",
    quick: undefined,
    says: /^25 .*\n50 .*\n75 .*\n100 0\.0\d\d\n$/,
  },
];

describe.each(samples)("the sample $file of $page", ({ page, file, quick, says }) => {
  const source = read(`test/docs/${file}`)
    .replaceAll('"../../src/index.ts"', '"heed"')
    .replaceAll(/"\.\.\/\.\.\/src\/(\w+)\/index\.ts"/g, '"heed/$1"');

  it(`is test/docs/${file}, which compiles`, () => {
    expect(blocks(page, "ts")).toContain(source);
  });

  it("runs", () => {
    const folder = join(root, ".cache", "docs");
    const run = quick === undefined ? source : source.replace(...quick).replace("runs/mine", ".cache/docs/model");
    const { ESNext: module } = typescript.ModuleKind;
    const target = typescript.ScriptTarget.ES2023;
    const { outputText } = typescript.transpileModule(run, { compilerOptions: { module, target } });
    mkdirSync(folder, { recursive: true });
    try {
      writeFileSync(join(folder, "sample.mjs"), outputText);
      const printed = execFileSync(process.execPath, [join(folder, "sample.mjs")], { cwd: root, encoding: "utf8" });
      expect(printed).toMatch(says);
      if (quick !== undefined) expect(readdirSync(join(folder, "model"))).toContain("model.safetensors");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("docs/architecture.md", () => {
  const page = "docs/architecture.md";

  it("quotes code as it is", () => {
    const quotes = blocks(page, "ts").filter((block) => block.startsWith("// src/"));
    expect(quotes).not.toEqual([]);
    for (const quote of quotes) {
      const [head, ...lines] = quote.trimEnd().split("\n");
      const source = read(/^\/\/ (\S+)/.exec(head!)![1]!)
        .split("\n")
        .map((line) => line.trim());
      let from = 0;
      for (const line of lines) {
        const at = source.indexOf(line.trim(), from);
        expect(at, line).toBeGreaterThanOrEqual(from);
        from = at + 1;
      }
    }
  });

  it("has the rooms in the order that the check of imports holds", () => {
    const rooms = [...read(page).matchAll(/^\| `src\/(\w+)`\s*\|/gm)].map(([, room]) => room);
    const config = read(".dependency-cruiser.cjs");
    const held = [.../const rooms = \[(.*?)\]/s.exec(config)![1]!.matchAll(/"(\w+)"/g)].map(([, room]) => room);
    expect(rooms).toEqual(held);
    const folders = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect([...rooms].sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  it("names all scripts of goldens", () => {
    const scripts = readdirSync(join(root, "tools/goldens")).filter((name) => name.endsWith(".py"));
    for (const script of scripts) expect(read(page)).toContain(`\`${script}\``);
  });
});

it.each(pages)("the links and paths of %s lead somewhere", (page) => {
  const from = join(root, page, "..");
  const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) => path!);
  expect(links.filter((path) => !existsSync(join(from, path)))).toEqual([]);
  const named = [...read(page).matchAll(/`((?:src|test|tools|examples|docs|corpus)\/[\w./-]+)`/g)].map(
    ([, path]) => path!,
  );
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
