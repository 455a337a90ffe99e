// Makes corpus/french-english from the grammar: `node tools/corpus/make.mjs` writes it, `--sample 40` prints some pairs.
import { mkdirSync, writeFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { chance, hash } from "./chance.mjs";
import * as sentences from "./sentences.mjs";
import * as statements from "./statements.mjs";
import { alignment, capitalized, line, spellEnglish, spellFrench } from "./words.mjs";

/** @typedef {{ fr: string, en: string, align: string, combinations: string[] }} Pair */
/** @typedef {{ train: Pair[], valid: Pair[], test: Pair[], heldOut: string[] }} Corpus */

export const SEED = "heed 1";
/** The sentence that the documentation shows: it is in no split. */
export const SHOWN = "Jane visite l'Afrique en septembre";
/** These stay apart in training, so that the shown sentence is new in more than one way; see also `isHeldOut`. */
const ALWAYS_HELD_OUT = "month Afrique septembre";
const NEVER_HELD_OUT = ["object visiter Afrique", "subject Jane visiter"];
const HELD_OUT_SHARE = 0.07;
const SIZES = { valid: 300, test: 500 };
/** A word of a held-out sentence occurs at least so often in training. */
const SEEN = 4;

/** How many training sentences of each kind to aim at. @type {readonly [(c: import("./chance.mjs").Chance) => sentences.Draft, number][]} */
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
  if (combination === ALWAYS_HELD_OUT) return true;
  return !NEVER_HELD_OUT.includes(combination) && hash(`${seed} ${combination}`) / 2 ** 32 < HELD_OUT_SHARE;
}

/** @returns {Pair} */
function finished(/** @type {sentences.Draft} */ { phrase, combinations, question = false }, /** @type {boolean} */ dotted) {
  const mark = question ? "?" : ".";
  const end = question || dotted ? [{ text: mark, links: [0] }] : [];
  const fr = capitalized(spellFrench([...phrase.fr, ...end]));
  const en = capitalized(spellEnglish([...phrase.en, ...end]));
  return { fr: line(fr, "fr"), en: line(en, "en"), align: alignment({ fr, en }), combinations };
}

const bare = (/** @type {string} */ text) => text.replace(/[ .?]+$/, "");
export const tokens = (/** @type {string} */ text) => text.match(/aujourd'hui|o'clock|'s|[\p{L}\p{N}-]+'?|[^\s]/gu) ?? [];

/** @returns {Corpus} */
export function makeCorpus(seed = SEED) {
  const seen = new Set([SHOWN]);
  /** @type {Pair[]} */
  const train = [];
  /** @type {Pair[]} */
  const pool = [];
  for (const [kind, wanted] of KINDS) {
    const draws = chance(`${seed} ${kind.name}`);
    let made = 0;
    for (let tries = 0; made < wanted && tries < wanted * 40; tries++) {
      const draft = kind(draws);
      const pair = finished(draft, !draws.happens(0.14));
      const length = tokens(pair.fr).length;
      if (seen.has(bare(pair.fr)) || length < 3 || length > 15) continue;
      seen.add(bare(pair.fr));
      if (draft.combinations.some((combination) => isHeldOut(combination, seed))) pool.push(pair);
      else {
        train.push(pair);
        made++;
      }
    }
  }
  const order = chance(`${seed} order`);
  order.shuffle(train);
  const counts = count(train);
  const known = order.shuffle(pool).filter((pair) => [...tokens(pair.fr).map((t) => `fr ${t}`), ...tokens(pair.en).map((t) => `en ${t}`)].every((word) => (counts.get(word) ?? 0) >= SEEN));
  const test = known.slice(0, SIZES.test);
  const valid = known.slice(SIZES.test, SIZES.test + SIZES.valid);
  return { train, valid, test, heldOut: [...new Set([...test, ...valid].flatMap(({ combinations }) => combinations.filter((c) => isHeldOut(c, seed))))].sort() };
}

function count(/** @type {readonly Pair[]} */ pairs) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { fr, en } of pairs) {
    for (const word of [...tokens(fr).map((t) => `fr ${t}`), ...tokens(en).map((t) => `en ${t}`)]) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}
const c = makeCorpus();
console.log(c.train.length, c.valid.length, c.test.length, c.heldOut.length);
const cc = count(c.train);
console.log("types fr", [...cc.keys()].filter(k=>k.startsWith("fr")).length, "en", [...cc.keys()].filter(k=>k.startsWith("en")).length);
mkdirSync("/tmp/cor",{recursive:true});
for (const n of ["train","valid","test"]) for (const k of ["fr","en","align"]) writeFileSync(`/tmp/cor/${n}.${k}`, c[n].map(p=>p[k]+"\n").join(""));
for (const k of ["fr","en"]) writeFileSync(`/tmp/cor/types.${k}`, [...cc].filter(([w])=>w.startsWith(k+" ")).map(([w,n])=>w.slice(3)+"\t"+n+"\n").join(""));
