// Noun phrases, subjects, places and times: each with its French, its English and the links between them.
import { DAYS, fittingAdjectives, MASS, MONTHS, NAMES, NOUNS, NUMBERS, PEOPLE, PLACES } from "./lexicon.mjs";
import { join, link, pair, words } from "./words.mjs";

/** @typedef {import("./chance.mjs").Chance} Chance */
/** @typedef {import("./words.mjs").Phrase} Phrase */
/** @typedef {import("./lexicon.mjs").Noun} Noun */
/** @typedef {import("./lexicon.mjs").Place} Place */
/** @typedef {import("./lexicon.mjs").Adjective} Adjective */
/** @typedef {import("./verbs.mjs").Person} Person */
/** @typedef {import("./verbs.mjs").Tense} Tense */
/** `combinations` are the lexical pairs that the split between training and held-out looks at; `head` names a subject there. */
/** @typedef {{ phrase: Phrase, gender: "m" | "f", plural: boolean, combinations: string[] }} NounPhrase */
/** @typedef {NounPhrase & { person: Person, possessive: "his" | "her" | "their" | undefined, kind: string, head: string }} Subject */
/** @typedef {"definite" | "indefinite" | "this" | "my" | "own" | "number" | "of" | "generic"} Determiner */
/** @typedef {"plain" | "question" | "negated"} Mood */

export const ofKind = (/** @type {readonly string[]} */ kinds) => NOUNS.filter((noun) => kinds.includes(noun.kind));

/** @param {"m" | "f"} gender @param {boolean} plural @returns {"m" | "f" | "mp" | "fp"} */
export const agreement = (gender, plural) => /** @type {"m"} */ (`${gender}${plural ? "p" : ""}`);

/** An article, which later contracts (à le → au) or elides (la eau → l'eau). @returns {Phrase} */
export function article(/** @type {string} */ fr, /** @type {string} */ en) {
  const id = link();
  return { fr: [{ text: fr, links: en === "" ? [] : [id], article: true }], en: words(en, id) };
}

const definite = (/** @type {"m" | "f"} */ gender, /** @type {boolean} */ plural) =>
  plural ? "les" : gender === "m" ? "le" : "la";

/** mon ma mes, son sa ses, ce cette ces. @returns {Phrase} */
function determinerByGender(
  /** @type {"m" | "s" | "c"} */ start,
  /** @type {string} */ en,
  gender = "m",
  plural = false,
) {
  const id = link();
  const singular = start === "c" ? { m: "ce", f: "cette" } : { m: `${start}on`, f: `${start}a` };
  const text = plural ? `${start}es` : gender === "f" ? singular.f : singular.m;
  return { fr: [{ text, links: [id], before: "masculine" }], en: words(en, id) };
}

/**
 * The determiner of a noun phrase. Indefinite and partitive articles become de after a negation, and some becomes any
 * there and in questions; des becomes de before an adjective.
 * @param {{ kind: Determiner, gender: "m" | "f", plural: boolean, mass: boolean, mood: Mood, adjectiveFirst: boolean, owner?: Subject | undefined, count: readonly [string, string] }} options
 * @returns {Phrase}
 */
function determine({ kind, gender, plural, mass, mood, adjectiveFirst, owner, count }) {
  if (kind === "generic") return article(definite(gender, plural), "");
  if (kind === "definite") return article(definite(gender, plural), "the");
  if (kind === "this") return determinerByGender("c", plural ? "these" : "this", gender, plural);
  if (kind === "my") return determinerByGender("m", "my", gender, plural);
  if (kind === "number") return pair(count[0], count[1]);
  if (kind === "own" && owner?.possessive === "their") return pair(plural ? "leurs" : "leur", "their");
  if (kind === "own") return determinerByGender("s", owner?.possessive ?? "his", gender, plural);
  const id = link();
  const some = mood === "plain" ? "some" : "any";
  if (mood === "negated") return { fr: words("de", id), en: words(mass || plural ? "any" : "a", id) };
  if (mass)
    return {
      fr: [...words("de", id), { text: definite(gender, false), links: [id], article: true }],
      en: words(some, id),
    };
  if (plural) return { fr: words(adjectiveFirst ? "de" : "des", id), en: words(some, id) };
  return { fr: words(gender === "f" ? "une" : "un", id), en: words("a", id) };
}

/** An adjective in agreement. @returns {Phrase} */
export function agreeing(
  /** @type {Adjective} */ adjective,
  /** @type {"m" | "f"} */ gender,
  /** @type {boolean} */ plural,
) {
  const id = link();
  const text = adjective.forms[agreement(gender, plural)];
  const liaison = adjective.before && gender === "m" && !plural;
  return {
    fr: [{ text, links: [id], ...(liaison ? { before: /** @type {const} */ ("masculine") } : {}) }],
    en: words(adjective.en, id),
  };
}

/** Somebody to whom a thing belongs: a name, my brother. @returns {Phrase} */
function possessor(/** @type {Chance} */ chance, /** @type {Subject | undefined} */ subject) {
  const { name } = chance.pick(NAMES.filter((other) => other.name !== subject?.phrase.fr[0]?.text));
  if (chance.happens(0.7)) return pair(name, name);
  const noun = chance.pick(ofKind(["family"]));
  return join(determinerByGender("m", "my", noun.gender), pair(noun.singular, noun.en));
}

/** Colors and origins stand next to the noun in English, after size and age: "a big red box". */
const LAST = new Set(["red", "blue", "green", "white", "black", "French", "Italian", "Japanese"]);

/**
 * A noun phrase: determiner, adjectives (before the noun in English, mostly after it in French), noun, owner.
 * @param {Chance} chance
 * @param {Noun} noun
 * @param {Determiner} kind
 * @param {{ mood?: Mood, owner?: Subject | undefined, adjectives?: number, plural?: boolean }} [options]
 * @returns {NounPhrase}
 */
export function nounPhrase(chance, noun, kind, { mood = "plain", owner, adjectives = 0.45, plural: wanted } = {}) {
  const mass = MASS.has(noun.kind);
  const countable = noun.plural !== "-";
  const plural = countable && (kind === "number" || (wanted ?? (kind === "generic" || chance.happens(0.3))));
  const { gender } = noun;
  const fitting = fittingAdjectives(noun);
  const adjective = fitting.length > 0 && chance.happens(adjectives) ? chance.pick(fitting) : undefined;
  const count = chance.pick(NUMBERS);
  const second =
    adjective?.before && chance.happens(0.25)
      ? chance.pick([undefined, ...fitting.filter((a) => LAST.has(a.en))])
      : undefined;
  const used = [adjective, second].filter((a) => a !== undefined);
  const before = used.filter((a) => a.before).map((a) => agreeing(a, gender, plural));
  const after = used.filter((a) => !a.before).map((a) => agreeing(a, gender, plural));
  const head = pair(plural ? noun.plural : noun.singular, plural ? noun.enPlural : noun.en);
  const combinations = used.map((a) => `adjective ${a.forms.m} ${noun.singular}`);
  const core = {
    fr: [...before, head, ...after].flatMap((p) => p.fr),
    en: [...before, ...after, head].flatMap((p) => p.en),
  };
  if (kind === "of") {
    const whose = possessor(chance, owner);
    const of = pair("de", "'s");
    const start = article(definite(gender, plural), "");
    const phrase = { fr: [...start.fr, ...core.fr, ...of.fr, ...whose.fr], en: [...whose.en, ...of.en, ...core.en] };
    return { phrase, gender, plural, combinations };
  }
  const start = determine({ kind, gender, plural, mass, mood, adjectiveFirst: before.length > 0, owner, count });
  return { phrase: join(start, core), gender, plural, combinations };
}

/** @returns {Subject} */
function pronoun(/** @type {Chance} */ chance) {
  const [fr, en, person, possessive] = chance.pick(
    /** @type {const} */ ([
      ["je", "I", "je", undefined],
      ["il", "he", "il", "his"],
      ["elle", "she", "il", "her"],
      ["nous", "we", "nous", undefined],
      ["vous", "you", "vous", undefined],
      ["ils", "they", "ils", "their"],
      ["elles", "they", "ils", "their"],
    ]),
  );
  const gender = fr.startsWith("elle") || (fr === "je" && chance.happens(0.5)) ? "f" : "m";
  const plural = person !== "je" && person !== "il";
  return { phrase: pair(fr, en), gender, plural, combinations: [], person, possessive, kind: "acquaintance", head: "" };
}

/** A name as a subject. @returns {Subject} */
export function nameSubject(/** @type {Chance} */ chance) {
  const { name, gender } = chance.pick(NAMES);
  const possessive = gender === "m" ? "his" : "her";
  return {
    phrase: pair(name, name),
    gender,
    plural: false,
    combinations: [],
    person: "il",
    possessive,
    kind: "acquaintance",
    head: name,
  };
}

/** Two names as a subject: feminine only if both are. @returns {Subject} */
function twoNames(/** @type {Chance} */ chance) {
  const first = chance.pick(NAMES);
  const second = chance.pick(NAMES.filter((other) => other !== first));
  const phrase = join(pair(first.name, first.name), pair("et", "and"), pair(second.name, second.name));
  const gender = first.gender === "f" && second.gender === "f" ? "f" : "m";
  return {
    phrase,
    gender,
    plural: true,
    combinations: [],
    person: "ils",
    possessive: "their",
    kind: "acquaintance",
    head: "",
  };
}

/** A subject from a noun: la petite fille, mes amis, ce chien. @returns {Subject} */
export function nounSubject(/** @type {Chance} */ chance, kinds = PEOPLE, adjectives = 0.2, singular = false) {
  const noun = chance.pick(ofKind(kinds));
  const kind =
    noun.kind === "family" ? "my" : chance.pick(determinersFor(noun, ["definite", "definite", "this", "my"]));
  const nominal = nounPhrase(chance, noun, kind, { adjectives, ...(singular ? { plural: false } : {}) });
  const possessive = nominal.plural ? "their" : nominal.gender === "m" ? "his" : "her";
  return { ...nominal, person: nominal.plural ? "ils" : "il", possessive, kind: noun.kind, head: noun.singular };
}

/** People as subjects. @returns {Subject} */
export function subject(/** @type {Chance} */ chance) {
  const draw = chance.below(100);
  if (draw < 42) return nameSubject(chance);
  if (draw < 70) return pronoun(chance);
  if (draw < 78) return twoNames(chance);
  return nounSubject(chance);
}

/** Buildings that nobody calls their own. */
const PUBLIC = ["museum", "hospital", "market", "station", "church", "castle"];

/** "Ma fille" is a daughter and "ma femme" a wife: a person takes no owner, the family always has one. */
export function determinersFor(/** @type {Noun} */ noun, /** @type {Determiner[]} */ wanted) {
  if (noun.kind === "family") return wanted.filter((kind) => kind === "my" || kind === "own");
  const single = MASS.has(noun.kind);
  const unowned = single || ["person", "nature", "vehicle"].includes(noun.kind) || PUBLIC.includes(noun.en);
  return wanted.filter(
    (kind) =>
      !(unowned && ["my", "own", "of"].includes(kind)) &&
      !(single && kind === "number") &&
      !(PEOPLE.includes(noun.kind) && kind === "of"),
  );
}

/** The place itself: la France, Paris; English has no article but before a plural name. @returns {Phrase} */
export function placeName(/** @type {Place} */ place) {
  const name = pair(place.name, place.en);
  if (place.article === "") return name;
  return join(article(place.article, place.article === "les" ? "the" : ""), name);
}

/** en France, au Japon, aux Pays-Bas, à Paris → in or to. @returns {Phrase} */
export function inPlace(/** @type {Place} */ place, /** @type {string} */ en) {
  if (place.article === "la") return join(pair("en", en), pair(place.name, place.en));
  return join(pair("à", en), placeName(place));
}

/** de France, du Japon, des Pays-Bas, de Paris → from. @returns {Phrase} */
export function fromPlace(/** @type {Place} */ place) {
  const from = pair("de", "from");
  return place.article === "la" ? join(from, pair(place.name, place.en)) : join(from, placeName(place));
}

export const place = (/** @type {Chance} */ chance) => chance.pick(PLACES);

/** dans le jardin, sous la table, devant la maison, près de la gare. @returns {NounPhrase} */
export function location(/** @type {Chance} */ chance) {
  const [fr, en, ...kinds] = chance.pick([
    ["dans", "in", "room", "room", "building"],
    ["dans", "in", "room", "room", "building"],
    ["devant", "in front of", "building", "opening", "nature"],
    ["derrière", "behind", "building", "nature"],
    ["près de", "near", "building", "nature", "opening"],
    ["sous", "under", "nature"],
  ]);
  const nouns = ofKind(kinds).filter((noun) => noun.en !== "box" && !(fr === "sous" && noun.en === "river"));
  const nominal = nounPhrase(chance, chance.pick(nouns), chance.pick(["definite", "definite", "this"]), {
    adjectives: 0.15,
    plural: false,
  });
  return { ...nominal, phrase: join(pair(fr, en), nominal.phrase) };
}

/** sur la table, sous la chaise, dans le sac: where a thing can lie. @returns {Phrase} */
export function resting(/** @type {Chance} */ chance, onFurniture = true) {
  const [fr = "", en = "", kind = ""] = chance.pick(
    [
      ["sur", "on", "furniture"],
      ["sous", "under", "furniture"],
      ["dans", "in", "room"],
    ].slice(onFurniture ? 0 : 2),
  );
  const options = { adjectives: 0.15, plural: false };
  return join(pair(fr, en), nounPhrase(chance, chance.pick(ofKind([kind])), "definite", options).phrase);
}

/** avec Paul, pour mon ami, sans mes frères. @returns {Phrase} */
export function company(/** @type {Chance} */ chance, /** @type {readonly string[]} */ prepositions) {
  const who = chance.happens(0.55) ? nameSubject(chance) : nounSubject(chance, PEOPLE, 0.1);
  const [fr = "", en = ""] = chance.pick(prepositions).split(" ");
  return join(pair(fr, en), who.phrase);
}

/** chez Marie → at Marie's house. @returns {Phrase} */
export function atHome(/** @type {Chance} */ chance, /** @type {string} */ en) {
  const id = link();
  const { phrase } = chance.happens(0.7) ? nameSubject(chance) : nounSubject(chance, ["family", "friend"], 0, true);
  return { fr: [...words("chez", id), ...phrase.fr], en: [...words(en, id), ...phrase.en, ...words("'s house", id)] };
}

/** Times that go with a tense; where none is asked for in particular, a month or a weekday goes with all. */
/** @type {Readonly<Record<string, readonly (readonly [string, string])[]>>} */
const TIMES = {
  présent: [
    ["aujourd'hui", "today"],
    ["maintenant", "now"],
    ["chaque jour", "every day"],
    ["ce soir", "tonight"],
    ["le matin", "in the morning"],
    ["le soir", "in the evening"],
  ],
  "passé composé": [
    ["hier", "yesterday"],
    ["ce matin", "this morning"],
    ["la semaine dernière", "last week"],
    ["l'année dernière", "last year"],
  ],
  futur: [
    ["demain", "tomorrow"],
    ["ce soir", "tonight"],
    ["la semaine prochaine", "next week"],
    ["l'année prochaine", "next year"],
    ["chaque jour", "every day"],
  ],
  proche: [
    ["demain", "tomorrow"],
    ["ce soir", "tonight"],
    ["la semaine prochaine", "next week"],
    ["l'année prochaine", "next year"],
  ],
  imparfait: [
    ["le matin", "in the morning"],
    ["le soir", "in the evening"],
    ["chaque jour", "every day"],
  ],
};

/** Word by word, where the expressions differ in length or order. @type {Readonly<Record<string, readonly [fr: string, en: string][]>>} */
const TIME_PARTS = {
  "le matin": [
    ["le", "in the"],
    ["matin", "morning"],
  ],
  "le soir": [
    ["le", "in the"],
    ["soir", "evening"],
  ],
  "chaque jour": [
    ["chaque", "every"],
    ["jour", "day"],
  ],
  "ce matin": [
    ["ce", "this"],
    ["matin", "morning"],
  ],
};

/** A time that goes with the tense; `month` where it is one, for the split. @returns {{ phrase: Phrase, month?: string }} */
export function timeOf(/** @type {Chance} */ chance, /** @type {Tense} */ tense, months = 30) {
  if (chance.below(100) < months) {
    const chosen = chance.pick(MONTHS);
    return { phrase: join(pair("en", "in"), pair(...chosen)), month: chosen[0] };
  }
  const draw = chance.below(100);
  if (draw < 20 && tense !== "imparfait") return { phrase: weekday(chance) };
  if (draw < 38 && tense !== "imparfait") return { phrase: clock(chance) };
  if (draw < 50) return { phrase: season(chance) };
  const [fr, en] = chance.pick(TIMES[tense] ?? TIMES.proche ?? []);
  return { phrase: timeExpression(fr, en) };
}

/** @returns {Phrase} */
function timeExpression(/** @type {string} */ fr, /** @type {string} */ en) {
  const parts = TIME_PARTS[fr];
  if (parts !== undefined) return join(...parts.map((part) => pair(...part)));
  const [, noun, adjective] = /^(?:la |l')(semaine|année) (prochaine|dernière)$/.exec(fr) ?? [];
  if (noun === undefined || adjective === undefined) return pair(fr, en);
  const [first, second] = [pair(noun, en.split(" ")[1] ?? ""), pair(adjective, en.split(" ")[0] ?? "")];
  return { fr: [...article("la", "").fr, ...first.fr, ...second.fr], en: [...second.en, ...first.en] };
}

/** lundi → on Monday. @returns {Phrase} */
export function weekday(/** @type {Chance} */ chance) {
  const [fr, en] = chance.pick(DAYS);
  return pair(fr, `on ${en}`);
}

/** à sept heures → at seven o'clock. @returns {Phrase} */
export function clock(/** @type {Chance} */ chance) {
  return join(pair("à", "at"), pair(...chance.pick(NUMBERS)), pair("heures", "o'clock"));
}

/** en été, au printemps. @returns {Phrase} */
function season(/** @type {Chance} */ chance) {
  const [preposition, fr, en] = chance.pick([
    ["en", "été", "summer"],
    ["en", "hiver", "winter"],
    ["en", "automne", "autumn"],
    ["au", "printemps", "spring"],
  ]);
  return join(pair(preposition, "in"), pair(fr, en));
}
