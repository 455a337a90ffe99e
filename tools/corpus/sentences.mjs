// The kinds of sentence with a verb at their heart, each a function of chance.
import { asking, clause } from "./clauses.mjs";
import { FREQUENCY, NAMES, PEOPLE, PLACES } from "./lexicon.mjs";
import * as phrases from "./phrases.mjs";
import { ADDRESSING, AVOIR, INTRANSITIVE, PLACED, REFLEXIVE, TRANSITIVE, VENIR } from "./verbs.mjs";
import { join, pair } from "./words.mjs";

/** @typedef {import("./chance.mjs").Chance} Chance */
/** @typedef {import("./words.mjs").Phrase} Phrase */
/** @typedef {import("./verbs.mjs").Verb} Verb */
/** @typedef {import("./verbs.mjs").Tense} Tense */
/** @typedef {import("./phrases.mjs").Subject} Subject */
/** @typedef {import("./phrases.mjs").Determiner} Determiner */
/** @typedef {import("./phrases.mjs").Mood} Mood */
/** @typedef {import("./clauses.mjs").Clitic} Clitic */
/** @typedef {import("./clauses.mjs").Negation} Negation */
/** A sentence without its end mark, its lexical combinations, and whether it asks. */
/** @typedef {{ phrase: Phrase, combinations: string[], question?: boolean }} Draft */
/** The tense, negation and question that a sentence gets. */
/** @typedef {{ tense: Tense, negation?: Negation, asked?: { phrase: Phrase, link: number }, mood: Mood }} Manner */

/** @type {readonly [Tense, number][]} */
const TENSES = [
  ["présent", 32],
  ["passé composé", 27],
  ["futur", 12],
  ["proche", 11],
  ["vouloir", 7],
  ["pouvoir", 5],
  ["devoir", 3],
  ["imparfait", 5],
];
const IMPERFECT = ["aimer", "habiter", "travailler", "jouer", "chanter", "visiter", "aller"];
/** Verbs that appear in all their forms; of the others, forms that would be rare words are left out. */
const FREQUENT = [
  "avoir",
  "visiter",
  "aimer",
  "manger",
  "aller",
  "habiter",
  "voir",
  "chercher",
  "parler",
  "travailler",
  "rester",
];

/** Forms of their own: nous and vous in the present, je in some verbs, ils in the future. */
function isRare(
  /** @type {Verb} */ { present },
  /** @type {Tense} */ tense,
  /** @type {import("./verbs.mjs").Person} */ person,
) {
  if (tense === "futur") return person === "ils";
  return tense === "présent" && person !== "ils" && present[person] !== present.il;
}

/** A tense that the subject and the verb have in this corpus: futur and imparfait in the third person, the latter of few verbs. */
export function tenseOf(
  /** @type {Chance} */ chance,
  /** @type {Subject} */ { person },
  /** @type {Verb} */ verb,
  without = "",
) {
  const third = person === "il" || person === "ils";
  const possible = TENSES.filter(
    ([tense]) =>
      !without.includes(tense) &&
      (third || (tense !== "futur" && tense !== "imparfait")) &&
      (tense !== "imparfait" || IMPERFECT.includes(verb.infinitive)) &&
      (FREQUENT.includes(verb.infinitive) || !isRare(verb, tense, person)),
  );
  let draw = chance.below(possible.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [tense, weight] of possible) {
    if (draw < weight) return tense;
    draw -= weight;
  }
  throw new Error(`${verb.infinitive} has no tense here`);
}

/** @returns {Manner} */
export function mannerOf(/** @type {Chance} */ chance, /** @type {Tense} */ tense, asks = 0.2, negates = 0.35) {
  if (chance.happens(asks)) return { tense, asked: asking(), mood: "question" };
  if (!chance.happens(negates)) return { tense, mood: "plain" };
  /** @type {Negation[]} */
  const choices = ["pas", "pas", "pas", "pas", "jamais"];
  if (["présent", "futur", "vouloir", "pouvoir"].includes(tense)) choices.push("plus");
  if (tense === "devoir") return { tense, negation: "pas", mood: "negated" };
  return { tense, negation: chance.pick(choices), mood: "negated" };
}

/** Often, always: in the simple tenses, and not together with never or with a time of day. */
function sometimes(/** @type {Chance} */ chance, /** @type {Manner} */ { tense, negation }, share = 0.15) {
  if (!["présent", "passé composé", "futur"].includes(tense) || !chance.happens(share)) return undefined;
  if (negation === "jamais" || negation === "plus") return undefined;
  return pair(...chance.pick(negation ? FREQUENCY.slice(0, 2) : FREQUENCY));
}

/** Who does what, as a combination of the split. */
export function subjectCombination(/** @type {Subject} */ { head }, /** @type {Verb} */ { infinitive }) {
  return head === "" ? [] : [`subject ${head} ${infinitive}`];
}

/**
 * A draft from the parts of a clause; the time stands at the end, or now and then in front with a comma.
 * @param {Chance} chance
 * @param {import("./clauses.mjs").Clause} parts
 * @param {Phrase | undefined} when
 * @param {(readonly string[])[]} combinations
 * @param {number} [front]
 * @returns {Draft}
 */
function draft(chance, parts, when, combinations, front = 0.15) {
  const phrase = clause(parts);
  const all = [...parts.subject.combinations, ...subjectCombination(parts.subject, parts.verb), ...combinations.flat()];
  if (parts.asked) return { phrase: join(phrase, when), combinations: all, question: true };
  const leads = when !== undefined && chance.happens(front);
  return { phrase: leads ? join(when, pair(",", ","), phrase) : join(phrase, when), combinations: all };
}

/** What a verb is done to: a noun that fits it, or a name. @returns {{ phrase: Phrase, combinations: string[] }} */
export function objectOf(
  /** @type {Chance} */ chance,
  /** @type {Verb} */ verb,
  /** @type {Subject} */ owner,
  /** @type {Mood} */ mood,
  counted = true,
) {
  const kind = chance.pick(verb.objects);
  const human = PEOPLE.includes(kind);
  if (human && chance.happens(0.35)) {
    const { name } = chance.pick(NAMES.filter((other) => other.name !== owner.phrase.fr[0]?.text));
    return { phrase: pair(name, name), combinations: [`object ${verb.infinitive} ${name}`] };
  }
  const noun = chance.pick(phrases.ofKind([kind]));
  /** @type {Determiner[]} */
  const owned = owner.possessive === undefined ? ["this", "my", "of"] : ["this", "my", "of", "own", "own", "own"];
  /** @type {Determiner[]} */
  const some = counted ? ["indefinite", "indefinite", "indefinite", "number"] : [];
  /** @type {Determiner[]} */
  const wanted = verb.generic
    ? human
      ? []
      : ["generic", "generic", "generic"]
    : ["definite", "definite", "definite", ...some];
  const allowed = [...wanted, ...owned];
  const determiner = chance.pick(phrases.determinersFor(noun, allowed));
  const { phrase, combinations } = phrases.nounPhrase(chance, noun, determiner, { mood, owner });
  return { phrase, combinations: [...combinations, `object ${verb.infinitive} ${noun.singular}`] };
}

/** Jane mange trois pommes rouges dans le jardin. */
export function transitive(/** @type {Chance} */ chance) {
  const subject = phrases.subject(chance);
  const verb = chance.pick(chance.happens(0.07) ? [AVOIR] : TRANSITIVE);
  const stative = verb === AVOIR || verb.generic;
  const without = `${stative ? "proche vouloir pouvoir devoir" : ""} ${verb === AVOIR ? "passé composé" : ""}`;
  const tense = tenseOf(chance, subject, verb, without);
  const manner = mannerOf(chance, tense);
  const adverb = stative ? undefined : sometimes(chance, manner);
  const object = objectOf(chance, verb, subject, manner.mood, adverb === undefined);
  const extra = stative ? 9 : chance.below(10);
  const where = extra < 2 && !verb.objects.includes("building") ? phrases.location(chance) : undefined;
  const who = extra === 2 ? phrases.company(chance, ["avec with", "pour for", "sans without"]) : undefined;
  const when = !adverb && extra > 2 && extra < 6 ? phrases.timeOf(chance, tense).phrase : undefined;
  const complements = [object.phrase, where?.phrase, who].filter((part) => part !== undefined);
  const parts = { subject, verb, ...manner, frequency: adverb, complements };
  return draft(chance, parts, when, [object.combinations, where?.combinations ?? []]);
}

/** The object pronouns that a verb can have with one right translation each. @returns {Clitic[]} */
function cliticsOf(/** @type {Verb} */ verb, /** @type {Subject} */ { person }, /** @type {Tense} */ tense) {
  const human = verb.objects.some((kind) => PEOPLE.includes(kind));
  const vowel = tense !== "passé composé" && /^[aeéiou]/.test(verb.infinitive);
  /** @type {Clitic[]} */
  const clitics = [];
  for (const gender of /** @type {const} */ (["m", "f"])) {
    clitics.push({ fr: "les", en: "them", gender, plural: true, direct: true });
    const fr = gender === "m" ? "le" : "la";
    if (verb.pronoun === "thing") clitics.push({ fr, en: "it", gender, plural: false, direct: true });
    if (verb.pronoun === "person" && !vowel) {
      clitics.push({ fr, en: gender === "m" ? "him" : "her", gender, plural: false, direct: true });
    }
  }
  if (human && person !== "je" && person !== "nous") {
    clitics.push({ fr: "me", en: "me", gender: "m", plural: false, direct: true });
    clitics.push({ fr: "nous", en: "us", gender: "m", plural: true, direct: true });
  }
  if (human && person !== "vous") clitics.push({ fr: "vous", en: "you", gender: "m", plural: true, direct: true });
  return clitics;
}

/** Jane ne les a pas mangées. */
export function withPronoun(/** @type {Chance} */ chance) {
  const subject = phrases.subject(chance);
  const verb = chance.pick(TRANSITIVE.filter((candidate) => !candidate.generic));
  const tense = tenseOf(chance, subject, verb);
  const manner = mannerOf(chance, tense);
  const clitic = chance.pick(cliticsOf(verb, subject, tense));
  const adverb = sometimes(chance, manner);
  const extra = chance.below(10);
  const when = !adverb && extra < 5 ? phrases.timeOf(chance, tense).phrase : undefined;
  const where = (extra === 5 || extra === 6) && verb.infinitive !== "visiter" ? phrases.location(chance) : undefined;
  const complements = where ? [where.phrase] : [];
  const parts = { subject, verb, ...manner, frequency: adverb, clitic, complements };
  return draft(chance, parts, when, [where?.combinations ?? []]);
}

/** A place with a time, and the combination of place and month. */
function placeAndTime(/** @type {Chance} */ chance, /** @type {Tense} */ tense, months = 65) {
  const place = chance.pick(PLACES);
  const when = phrases.timeOf(chance, tense, months);
  const combinations = when.month === undefined ? [] : [`month ${place.name} ${when.month}`];
  return { place, when: when.phrase, combinations };
}

/** Jane visite l'Italie en mai: the family of the sentence that the documentation shows. */
export function visit(/** @type {Chance} */ chance) {
  const plain = chance.happens(0.45);
  const subject = plain ? phrases.nameSubject(chance) : phrases.subject(chance);
  const verb = /** @type {Verb} */ (TRANSITIVE[0]);
  const tense = plain && chance.happens(0.6) ? "présent" : tenseOf(chance, subject, verb);
  const manner = plain && chance.happens(0.6) ? mannerOf(chance, tense, 0, 0) : mannerOf(chance, tense);
  const { place, when, combinations } = placeAndTime(chance, tense, plain ? 90 : 60);
  const who = !plain && chance.happens(0.2) ? phrases.company(chance, ["avec with", "sans without"]) : undefined;
  const complements = [phrases.placeName(place), ...(who ? [who] : [])];
  const found = [...combinations, `object visiter ${place.name}`];
  return draft(chance, { subject, verb, ...manner, complements }, when, [found], plain ? 0.05 : 0.2);
}

/** Jane aime l'Afrique; Paul adore Rome. */
export function likedPlace(/** @type {Chance} */ chance) {
  const subject = phrases.subject(chance);
  const verb = chance.pick(TRANSITIVE.filter((candidate) => candidate.generic));
  const manner = mannerOf(chance, tenseOf(chance, subject, verb, "proche vouloir pouvoir devoir futur"));
  const place = chance.pick(PLACES);
  const complements = [phrases.placeName(place)];
  return draft(chance, { subject, verb, ...manner, complements }, undefined, [
    [`object ${verb.infinitive} ${place.name}`],
  ]);
}

/** Jane va en Afrique; Paul habite en Chine; ils viennent du Japon. */
export function inPlaces(/** @type {Chance} */ chance) {
  const subject = phrases.subject(chance);
  if (chance.happens(0.2)) return coming(chance, subject);
  const { verb, geographic } = chance.pick(PLACED);
  const tense = tenseOf(chance, subject, verb, verb.infinitive === "aller" ? "proche" : "");
  const manner = mannerOf(chance, tense);
  const { place, when, combinations } = placeAndTime(chance, tense, verb.infinitive === "habiter" ? 100 : 65);
  const complements = [phrases.inPlace(place, geographic)];
  const found = [...combinations, `where ${verb.infinitive} ${place.name}`];
  return draft(chance, { subject, verb, ...manner, complements }, when, [found]);
}

/** Jane vient de Grèce. @returns {Draft} */
function coming(/** @type {Chance} */ chance, /** @type {Subject} */ subject) {
  const manner = mannerOf(chance, tenseOf(chance, subject, VENIR, "imparfait"));
  const place = chance.pick(PLACES);
  const complements = [phrases.fromPlace(place)];
  return draft(chance, { subject, verb: VENIR, ...manner, complements }, undefined, [[`where venir ${place.name}`]]);
}

/** Jane va au marché; mes amis restent à l'hôtel. */
export function atBuildings(/** @type {Chance} */ chance) {
  const subject = phrases.subject(chance);
  const { verb, building } = chance.pick(PLACED.filter((candidate) => candidate.building !== ""));
  const tense = tenseOf(chance, subject, verb, verb.infinitive === "aller" ? "proche" : "");
  const manner = mannerOf(chance, tense);
  if (chance.happens(0.15)) {
    const home = phrases.atHome(chance, building);
    return draft(chance, { subject, verb, ...manner, complements: [home] }, undefined, []);
  }
  // "Aller à la maison" is to go home.
  const noun = chance.pick(phrases.ofKind(["building"]).filter(({ en }) => en !== "house"));
  const determiner = chance.pick(/** @type {const} */ (["definite", "definite", "definite", "this"]));
  const nominal = phrases.nounPhrase(chance, noun, determiner, { plural: false, adjectives: 0.2 });
  const when = chance.happens(0.6) ? phrases.timeOf(chance, tense).phrase : undefined;
  const complements = [pair("à", building), nominal.phrase];
  const found = [...nominal.combinations, `where ${verb.infinitive} ${noun.singular}`];
  return draft(chance, { subject, verb, ...manner, complements }, when, [found]);
}

/** Paul y habite; elles n'y vont jamais. */
export function there(/** @type {Chance} */ chance) {
  const subject = phrases.subject(chance);
  const placed = PLACED.filter(({ verb }) => !["arriver", "voyager"].includes(verb.infinitive));
  const { verb } = chance.pick(placed);
  // "Il y ira" is not said; "il ira" leaves y out.
  const tense = tenseOf(chance, subject, verb, verb.infinitive === "aller" ? "proche futur" : "");
  const manner = mannerOf(chance, tense);
  /** @type {Clitic} */
  const clitic = { fr: "y", en: "there", gender: "m", plural: false, direct: false };
  const months = verb.infinitive === "habiter" ? 100 : 30;
  const when = chance.happens(0.7) ? phrases.timeOf(chance, tense, months).phrase : undefined;
  return draft(chance, { subject, verb, ...manner, clitic }, when, []);
}

/** Les enfants jouent derrière l'école; Paul dort chez Marie; ils chantent bien. */
export function activity(/** @type {Chance} */ chance) {
  const animal = chance.happens(0.12);
  const subject = animal ? phrases.nounSubject(chance, ["pet", "horse"], 0.3) : phrases.subject(chance);
  const verb = chance.pick(
    animal ? INTRANSITIVE.filter(({ infinitive }) => /^(jouer|dormir|nager)$/.test(infinitive)) : INTRANSITIVE,
  );
  const tense = tenseOf(chance, subject, verb);
  const manner = mannerOf(chance, tense);
  const adverb = sometimes(chance, manner, 0.25);
  const when = !adverb && chance.happens(0.35) ? phrases.timeOf(chance, tense).phrase : undefined;
  const draw = chance.below(10);
  if (draw < 3 && !adverb && !manner.negation && ["présent", "futur", "imparfait"].includes(tense)) {
    const how = chance
      .pick(["bien well", "beaucoup a_lot", ...(subject.plural ? ["ensemble together"] : [])])
      .split(" ");
    const complements = [pair(how[0] ?? "", (how[1] ?? "").replace("_", " "))];
    return draft(chance, { subject, verb, ...manner, complements }, when, []);
  }
  const anywhere = verb.infinitive !== "nager";
  const where = draw < 6 && anywhere ? phrases.location(chance) : undefined;
  const company =
    draw > 5 && draw < 8 && verb.infinitive !== "dormir"
      ? phrases.company(chance, ["avec with", "sans without"])
      : undefined;
  const home = draw === 8 && anywhere ? phrases.atHome(chance, "at") : undefined;
  const complements = [where?.phrase, company, home].filter((part) => part !== undefined);
  return draft(chance, { subject, verb, ...manner, frequency: adverb, complements }, when, [where?.combinations ?? []]);
}

/** Jane parle à mes amis; Paul leur téléphone. */
export function addressing(/** @type {Chance} */ chance) {
  const subject = phrases.subject(chance);
  const verb = chance.pick(ADDRESSING);
  const tense = tenseOf(chance, subject, verb);
  const manner = mannerOf(chance, tense);
  const adverb = sometimes(chance, manner);
  const when = !adverb && chance.happens(0.5) ? phrases.timeOf(chance, tense).phrase : undefined;
  if (chance.happens(0.5)) {
    const pronouns = [
      ["leur", "them"],
      ...(/^(je|nous)$/.test(subject.person)
        ? []
        : [
            ["me", "me"],
            ["nous", "us"],
          ]),
      ...(subject.person === "vous" ? [] : [["vous", "you"]]),
    ];
    const [fr = "", en = ""] = chance.pick(pronouns);
    /** @type {Clitic} */
    const clitic = { fr, en: `${verb.preposition} ${en}`.trim(), gender: "m", plural: false, direct: false };
    return draft(chance, { subject, verb, ...manner, frequency: adverb, clitic }, when, []);
  }
  const who = chance.happens(0.5) ? phrases.nameSubject(chance) : phrases.nounSubject(chance, PEOPLE, 0.25);
  const complements = [pair("à", verb.preposition), who.phrase];
  return draft(chance, { subject, verb, ...manner, frequency: adverb, complements }, when, [who.combinations]);
}

/** Jane se lève à sept heures; nous nous sommes reposés. */
export function reflexive(/** @type {Chance} */ chance) {
  const subject = phrases.subject(chance);
  const verb = chance.pick(REFLEXIVE);
  const tense = tenseOf(chance, subject, verb);
  const manner = mannerOf(chance, tense);
  const adverb = sometimes(chance, manner);
  const when = !adverb && chance.happens(0.8) ? phrases.timeOf(chance, tense).phrase : undefined;
  return draft(chance, { subject, verb, ...manner, frequency: adverb }, when, []);
}
