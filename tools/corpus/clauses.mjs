// Clauses: where each language puts its verb, negation, pronouns, adverbs and questions.
import { AUXILIARY, BE, ENDINGS } from "./verbs.mjs";
import { agreement } from "./phrases.mjs";
import { link, pair, words } from "./words.mjs";

/** @typedef {import("./words.mjs").Phrase} Phrase */
/** @typedef {import("./words.mjs").Word} Word */
/** @typedef {import("./verbs.mjs").Verb} Verb */
/** @typedef {import("./verbs.mjs").Tense} Tense */
/** @typedef {import("./verbs.mjs").Person} Person */
/** @typedef {import("./phrases.mjs").Subject} Subject */
/** @typedef {"pas" | "jamais" | "plus"} Negation */
/** @typedef {{ fr: string, en: string, gender: "m" | "f", plural: boolean, direct: boolean }} Clitic */
/**
 * A clause in parts. `clitic` is an object pronoun (or y); `before` is a direct object that stands before the verb
 * (in a relative clause), with which the participle agrees. `asked` are the French words of the question
 * (Est-ce que, Où est-ce que) with their links, and its English question word.
 * @typedef {{ subject: Subject, verb: Verb, tense: Tense, negation?: Negation | undefined, frequency?: Phrase | undefined,
 *   clitic?: Clitic | undefined, before?: { gender: "m" | "f", plural: boolean } | undefined, complements?: readonly Phrase[],
 *   asked?: { phrase: Phrase, link: number } | undefined }} Clause
 */

const PERIPHRASTIC = ["proche", "vouloir", "pouvoir", "devoir"];
const REFLEXIVE = { je: "me", il: "se", nous: "nous", vous: "vous", ils: "se" };
const NEGATION = { pas: "not", jamais: "never", plus: "no longer" };

/** The finite French verb of a third-person tense, or of any person in the present. */
export function conjugated(/** @type {Verb} */ verb, /** @type {Tense} */ tense, /** @type {Person} */ person) {
  if (tense !== "futur" && tense !== "imparfait") return verb.present[person];
  if (person !== "il" && person !== "ils") throw new Error(`${tense} of ${verb.infinitive} in person ${person}`);
  return (tense === "futur" ? verb.future : verb.imperfect) + ENDINGS[tense][person];
}

/** The participle: with être it agrees with the subject, with avoir with a direct object that comes first. */
function participle(/** @type {Clause} */ { verb, subject, clitic, before }) {
  const master = verb.être ? subject : clitic?.direct ? clitic : before;
  if (master === undefined) return verb.participle;
  const suffix = { m: "", f: "e", mp: "s", fp: "es" }[agreement(master.gender, master.plural)];
  return verb.participle + (suffix.startsWith("s") && verb.participle.endsWith("s") ? suffix.slice(1) : suffix);
}

/**
 * Links of the clause's verb: `main` the meaning, `tense` the word that carries tense and person.
 * @typedef {{ main: number, tense: number, clitic: number, negation: number }} Links
 */

/** @returns {Word[]} */
function french(/** @type {Clause} */ clause, /** @type {Links} */ links) {
  const { subject, verb, tense, negation, frequency, clitic, asked } = clause;
  const { person } = subject;
  const helped = asked !== undefined || negation === "pas";
  const reflexive = verb.reflexive ? words(REFLEXIVE[person], links.main) : [];
  const clitics = [...reflexive, ...(clitic ? words(clitic.fr, links.clitic) : [])];
  const [ne, second] = negation ? [words("ne", links.negation), words(negation, links.negation)] : [[], []];
  const adverb = frequency?.fr ?? [];
  if (PERIPHRASTIC.includes(tense)) {
    const finite = words(AUXILIARY[tense]?.[person] ?? "", links.tense);
    const infinitive = words(verb.infinitive, links.main);
    return [...subject.phrase.fr, ...ne, ...finite, ...second, ...adverb, ...clitics, ...infinitive];
  }
  if (tense === "passé composé") {
    const auxiliary = AUXILIARY[verb.être ? "être" : "avoir"]?.[person] ?? "";
    const finite = words(auxiliary, helped ? links.tense : links.main);
    return [
      ...subject.phrase.fr,
      ...ne,
      ...clitics,
      ...finite,
      ...second,
      ...adverb,
      ...words(participle(clause), links.main),
    ];
  }
  const finite = words(conjugated(verb, tense, person), links.main, links.tense);
  return [...subject.phrase.fr, ...ne, ...clitics, ...finite, ...second, ...adverb];
}

/** The English auxiliary (or none) and the main verb. @returns {[string, string]} */
function englishVerb(/** @type {Clause} */ { verb, tense, subject, negation, asked }) {
  const helped = asked !== undefined || negation === "pas";
  const third = subject.person === "il";
  const [base, thirdForm, past] = verb.en;
  const does = third ? "does" : "do";
  switch (tense) {
    case "présent":
      return helped ? [does, base] : ["", third ? thirdForm : base];
    case "passé composé":
      return helped ? ["did", base] : ["", past];
    case "futur":
      return ["will", base];
    case "imparfait":
      return helped ? ["did", `use to ${base}`] : ["", `used to ${base}`];
    case "proche":
      return [BE[subject.person], `going to ${base}`];
    case "vouloir":
      return helped ? [does, `want to ${base}`] : ["", `${third ? "wants" : "want"} to ${base}`];
    case "pouvoir":
      return [negation === "pas" ? "cannot" : "can", base];
    case "devoir":
      return ["must", base];
  }
}

/** @returns {Word[]} */
function english(/** @type {Clause} */ clause, /** @type {Links} */ links) {
  const { subject, verb, tense, negation, frequency, clitic, asked } = clause;
  const [auxiliary, main] = englishVerb(clause);
  const asking = asked ? [asked.link] : [];
  const cannot = auxiliary === "cannot" ? [links.negation] : [];
  const helper = words(auxiliary, links.tense, ...asking, ...cannot);
  const not = negation && auxiliary !== "cannot" ? words(NEGATION[negation], links.negation) : [];
  const parts = main.split(" ");
  const carriesTense = tense === "proche" || tense === "vouloir";
  const mainWords = parts.flatMap((part, i) =>
    words(part, carriesTense && i === 0 && parts.length > 1 ? links.tense : links.main),
  );
  const predicate = [
    ...(frequency?.en ?? []),
    ...mainWords,
    ...words(verb.particle, links.main),
    ...words(clitic?.en ?? "", links.clitic),
  ];
  if (asked) return [...helper, ...subject.phrase.en, ...not, ...predicate];
  return [...subject.phrase.en, ...helper, ...not, ...predicate];
}

/** Both languages of a clause. @param {Clause} clause @returns {Phrase} */
export function clause(clause) {
  const links = { main: link(), tense: link(), clitic: link(), negation: link() };
  const complements = clause.complements ?? [];
  return {
    fr: [...(clause.asked?.phrase.fr ?? []), ...french(clause, links), ...complements.flatMap((part) => part.fr)],
    en: [...(clause.asked?.phrase.en ?? []), ...english(clause, links), ...complements.flatMap((part) => part.en)],
  };
}

/** Est-ce que, or with a question word before it (Où est-ce que → Where). */
export function asking(/** @type {string} */ fr = "", /** @type {string} */ en = "") {
  const id = link();
  const start = pair(fr, en);
  const first = fr === "" ? "Est-ce que" : "est-ce que";
  return { phrase: { fr: [...start.fr, ...words(first, id)], en: start.en }, link: id };
}

/**
 * The copula: être, or avoir in "avoir faim". With plain `être` forms for present, imperfect and future.
 * @param {{ subject: Subject, tense: "présent" | "imparfait" | "futur", predicate: Phrase, negation?: Negation | undefined, asked?: { phrase: Phrase, link: number } | undefined, avoir?: boolean }} parts
 * @returns {Phrase}
 */
export function copula({ subject, tense, predicate, negation, asked, avoir = false }) {
  const { person } = subject;
  const [be, not] = [link(), link()];
  const stems = avoir ? { futur: "aur", imparfait: "av" } : { futur: "ser", imparfait: "ét" };
  const present = AUXILIARY[avoir ? "avoir" : "être"]?.[person] ?? "";
  const third = /** @type {"il" | "ils"} */ (person);
  const finite = tense === "présent" ? present : stems[tense] + ENDINGS[tense][third];
  const past = person === "il" || person === "je" ? "was" : "were";
  const [auxiliary = "", ...rest] = { présent: [BE[person]], imparfait: [past], futur: ["will", "be"] }[tense];
  const negated = negation ? [words("ne", not), words(negation, not), words(NEGATION[negation], not)] : [[], [], []];
  const [ne = [], second = [], englishNot = []] = negated;
  const helper = words(auxiliary, be, ...(asked ? [asked.link] : []));
  const tail = [...englishNot, ...words(rest.join(" "), be), ...predicate.en];
  return {
    fr: [...(asked?.phrase.fr ?? []), ...subject.phrase.fr, ...ne, ...words(finite, be), ...second, ...predicate.fr],
    en: [
      ...(asked?.phrase.en ?? []),
      ...(asked ? [...helper, ...subject.phrase.en] : [...subject.phrase.en, ...helper]),
      ...tail,
    ],
  };
}
