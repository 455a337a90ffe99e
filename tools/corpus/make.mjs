// Makes corpus/french-english from the grammar: `node tools/corpus/make.mjs` writes it.
// `node tools/corpus/make.mjs --sample 40` writes nothing and prints 40 pairs, to read.
import { mkdirSync, writeFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { chance, hash } from "./chance.mjs";
import { FUNCTION_WORDS } from "./function-words.mjs";
import { NAMES } from "./lexicon.mjs";
import * as sentences from "./sentences.mjs";
import * as statements from "./statements.mjs";
import { alignment, capitalized, line, spellEnglish, spellFrench } from "./words.mjs";

/** @typedef {import("./make.mjs").CorpusPair} CorpusPair */
/** @typedef {import("./make.mjs").Corpus} Corpus */
/** @typedef {import("./chance.mjs").Chance} Chance */

export const SEED = "heed 1";
/** The sentence that the documentation shows: it is in no split, with or without its mark. */
export const SHOWN = "Jane visite l'Afrique en septembre";
/** Africa and September never meet in training, so the shown sentence is new in more than one way … */
const ALWAYS_HELD_OUT = ["month Afrique septembre"];
/** … but Jane does visit, and people do visit Africa. */
const NEVER_HELD_OUT = ["object visiter Afrique", "subject Jane visiter"];
const HELD_OUT_SHARE = 0.07;
const SIZES = { valid: 300, test: 500 };
/** A word of a held-out sentence occurs at least so often in training. */
const SEEN = 4;
/** Words, marks included; "parce qu'il" counts three. */
const LENGTHS = { least: 3, most: 15 };
const WITHOUT_MARK = 0.14;

/** How many training sentences of each kind to make. @type {readonly [(chance: Chance) => sentences.Draft, number][]} */
const KINDS = [
  [sentences.transitive, 2300],
  [sentences.withPronoun, 2300],
  [sentences.visit, 900],
  [sentences.likedPlace, 250],
  [sentences.inPlaces, 600],
  [sentences.atBuildings, 400],
  [sentences.there, 450],
  [sentences.activity, 600],
  [sentences.addressing, 800],
  [sentences.reflexive, 800],
  [statements.description, 700],
  [statements.having, 600],
  [statements.lying, 300],
  [statements.existence, 400],
  [statements.asked, 700],
  [statements.relative, 500],
  [statements.joined, 300],
];

/** Is this lexical combination kept out of training? */
export function isHeldOut(/** @type {string} */ combination, seed = SEED) {
  if (ALWAYS_HELD_OUT.includes(combination)) return true;
  return !NEVER_HELD_OUT.includes(combination) && hash(`${seed} ${combination}`) / 2 ** 32 < HELD_OUT_SHARE;
}

/** A sentence without what tells statements from the same words with another end. */
export const bare = (/** @type {string} */ text) => text.replace(/[ .?]+$/, "");

/** @returns {CorpusPair} */
function finished(
  /** @type {sentences.Draft} */ { phrase, combinations, question = false },
  /** @type {boolean} */ dotted,
) {
  const end = question || dotted ? [{ text: question ? "?" : ".", links: [0] }] : [];
  const fr = capitalized(spellFrench([...phrase.fr, ...end]));
  const en = capitalized(spellEnglish([...phrase.en, ...end]));
  const [frWords, enWords] = [fr.map(({ text }) => text), en.map(({ text }) => text)];
  const text = { fr: line(fr, "fr"), en: line(en, "en") };
  return { ...text, align: alignment({ fr, en }), frWords, enWords, combinations };
}

/**
 * All pairs that the grammar makes: those without a held-out combination, and those with one.
 * @param {string} seed
 * @returns {{ train: CorpusPair[], apart: CorpusPair[] }}
 */
function generated(seed) {
  const translations = new Map([[SHOWN, ""]]);
  /** @type {CorpusPair[]} */
  const train = [];
  /** @type {CorpusPair[]} */
  const apart = [];
  for (const [kind, wanted] of KINDS) {
    const draws = chance(`${seed} ${kind.name}`);
    for (let made = 0, tries = 0; made < wanted; tries++) {
      if (tries > 60 * wanted) throw new Error(`${kind.name} has too few sentences: ${made} of ${wanted}`);
      const pair = finished(kind(draws), !draws.happens(WITHOUT_MARK));
      const known = translations.get(bare(pair.fr));
      if (known) {
        if (known !== bare(pair.en)) throw new Error(`Two translations of "${pair.fr}": ${known} / ${pair.en}`);
        continue;
      }
      const length = pair.frWords.length;
      if (NAMES.some(({ name }) => pair.frWords.filter((word) => word === name).length > 1)) continue;
      if (known === "" || length < LENGTHS.least || length > LENGTHS.most) continue;
      translations.set(bare(pair.fr), bare(pair.en));
      const held = pair.combinations.some((combination) => isHeldOut(combination, seed));
      (held ? apart : train).push(pair);
      if (!held) made++;
    }
  }
  return { train, apart };
}

/** @returns {Corpus} */
export function makeCorpus(seed = SEED) {
  const { train, apart } = generated(seed);
  const order = chance(`${seed} order`);
  order.shuffle(train);
  const [fr, en] = [frequencies(train.map((pair) => pair.frWords)), frequencies(train.map((pair) => pair.enWords))];
  const known = order
    .shuffle(apart)
    .filter(
      ({ frWords, enWords }) =>
        frWords.every((word) => (fr.get(word) ?? 0) >= SEEN) && enWords.every((word) => (en.get(word) ?? 0) >= SEEN),
    );
  const test = known.slice(0, SIZES.test);
  const valid = known.slice(SIZES.test, SIZES.test + SIZES.valid);
  if (valid.length < SIZES.valid) throw new Error(`Only ${known.length} sentences could be held out`);
  return { train, valid, test };
}

/** @param {readonly (readonly string[])[]} texts @returns {Map<string, number>} */
function frequencies(texts) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const word of texts.flat()) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** The bundled files, by name. @param {Corpus} corpus @returns {Map<string, string>} */
export function corpusFiles({ train, valid, test }) {
  const text = (/** @type {readonly string[]} */ lines) => lines.map((each) => `${each}\n`).join("");
  /** @type {Map<string, string>} */
  const files = new Map();
  for (const [name, pairs] of Object.entries({ train, valid, test })) {
    for (const side of /** @type {const} */ (["fr", "en", "align"])) {
      files.set(`${name}.${side}`, text(pairs.map((pair) => pair[side])));
    }
  }
  files.set("function-words.fr", text(FUNCTION_WORDS.fr));
  files.set("function-words.en", text(FUNCTION_WORDS.en));
  const combinations = [...test, ...valid].flatMap((pair) => pair.combinations).filter((each) => isHeldOut(each));
  files.set("held-out.txt", text([...new Set(combinations)].sort()));
  return files;
}

function main() {
  const corpus = makeCorpus();
  if (argv[2] === "--sample") {
    const draws = chance(`sample ${argv[4] ?? ""}`);
    for (let i = 0; i < Number(argv[3]); i++) {
      const { fr, en, align } = draws.pick(corpus.train);
      console.log(`${fr} | ${en} | ${align}`);
    }
    return;
  }
  const folder = fileURLToPath(new URL("../../corpus/french-english/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of corpusFiles(corpus)) writeFileSync(`${folder}${name}`, text);
  const types = (/** @type {"frWords" | "enWords"} */ side) => frequencies(corpus.train.map((pair) => pair[side])).size;
  console.log(`${corpus.train.length} + ${corpus.valid.length} + ${corpus.test.length} pairs in ${folder}`);
  console.log(`${types("frWords")} French and ${types("enWords")} English words`);
}

if (argv[1] === fileURLToPath(import.meta.url)) main();
