// The other kinds of sentence: what things are, what there is, what is asked, and sentences with two clauses.
import { asking, clause, copula } from "./clauses.mjs";
import { ADJECTIVES, fittingAdjectives, NUMBERS, PEOPLE } from "./lexicon.mjs";
import * as phrases from "./phrases.mjs";
import { mannerOf, objectOf, subjectCombination, tenseOf } from "./sentences.mjs";
import { INTRANSITIVE, PLACED, TRANSITIVE } from "./verbs.mjs";
import { join, link, pair, words } from "./words.mjs";

/** @typedef {import("./chance.mjs").Chance} Chance */
/** @typedef {import("./words.mjs").Phrase} Phrase */
/** @typedef {import("./verbs.mjs").Tense} Tense */
/** @typedef {import("./phrases.mjs").Subject} Subject */
/** @typedef {import("./sentences.mjs").Draft} Draft */

const DEGREES = ["très very", "très very", "trop too", "vraiment really"];
const THINGS = [
  "thing",
  "clothes",
  "furniture",
  "building",
  "room",
  "opening",
  "text",
  "news",
  "story",
  "film",
  "song",
  "lesson",
  "food",
  "pet",
  "horse",
  "wheels",
  "drink",
  "meal",
];

/** A tense of the copula: the past and the future in the third person only. @returns {"présent" | "imparfait" | "futur"} */
function copulaTense(/** @type {Chance} */ chance, /** @type {Subject} */ { person }) {
  const third = person === "il" || person === "ils";
  return third
    ? chance.pick(/** @type {const} */ (["présent", "présent", "présent", "imparfait", "imparfait", "futur"]))
    : "présent";
}

/** A subject that something can be said of: somebody, or a thing. @returns {Subject} */
function topic(/** @type {Chance} */ chance) {
  return chance.happens(0.5) ? phrases.subject(chance) : phrases.nounSubject(chance, [chance.pick(THINGS)], 0.1);
}

/** Les fleurs de Marie sont très belles; Jane est plus jeune que Paul. */
export function description(/** @type {Chance} */ chance) {
  const subject = topic(chance);
  const tense = copulaTense(chance, subject);
  const manner = mannerOf(chance, "présent", 0.2, 0.3);
  const mentioned = new Set(subject.phrase.en.map((word) => word.text));
  // Nobody was French once; "il est bon" is said of no one here.
  const odd = ["good", ...(tense === "présent" ? [] : ["French", "Italian", "Japanese"])];
  const fitting = fittingAdjectives({ kind: subject.kind, singular: subject.head });
  const adjective = chance.pick(fitting.filter(({ en }) => !mentioned.has(en) && !odd.includes(en)));
  const head = phrases.agreeing(adjective, subject.gender, subject.plural);
  head.fr = head.fr.map(({ text, links }) => ({ text, links }));
  const people = PEOPLE.includes(subject.kind);
  const graded = !/^(French|Italian|Japanese|red|blue|green|white|black)$/.test(adjective.en);
  const predicate =
    people && graded && subject.person === "il" && chance.happens(0.35)
      ? comparison(chance, adjective, head)
      : graded && chance.happens(0.4)
        ? join(degree(chance), head)
        : head;
  const { negation, asked } = manner;
  const phrase = copula({ subject, tense, predicate, negation, asked });
  const combinations = [...subject.combinations];
  return { phrase, combinations, question: asked !== undefined };
}

/** @returns {Phrase} */
function degree(/** @type {Chance} */ chance) {
  const [fr = "", en = ""] = chance.pick(DEGREES).split(" ");
  return pair(fr, en);
}

/** plus jeune que Paul → younger than Paul; moins heureux que → less happy than. @returns {Phrase} */
function comparison(
  /** @type {Chance} */ chance,
  /** @type {import("./lexicon.mjs").Adjective} */ adjective,
  /** @type {Phrase} */ head,
) {
  const other = chance.happens(0.7) ? phrases.nameSubject(chance) : phrases.nounSubject(chance, ["family"], 0, true);
  const than = join(pair("que", "than"), other.phrase);
  if (chance.happens(0.3)) return join(pair("moins", "less"), head, than);
  if (adjective.comparative === undefined) return join(pair("plus", "more"), head, than);
  const id = link();
  const more = {
    fr: [...words("plus", id), ...head.fr],
    en: words(adjective.comparative, id, ...(head.en[0]?.links ?? [])),
  };
  return join(more, than);
}

/** Jane a faim → Jane is hungry; mon frère a dix ans → my brother is ten years old. */
export function having(/** @type {Chance} */ chance) {
  const subject = phrases.subject(chance);
  const tense = copulaTense(chance, subject);
  const { negation, asked } = mannerOf(chance, "présent", 0.2, 0.3);
  const years = join(pair(...chance.pick(NUMBERS)), pair("ans", "years old"));
  const [fr = "", en = ""] = chance
    .pick(["faim hungry", "soif thirsty", "froid cold", "chaud hot", "peur afraid"])
    .split(" ");
  const predicate = chance.happens(0.2) ? years : pair(fr, en);
  const phrase = copula({ subject, tense, predicate, negation, asked, avoir: true });
  return { phrase, combinations: subject.combinations, question: asked !== undefined };
}

/** Le livre est sur la table; où sont mes clés ? */
export function lying(/** @type {Chance} */ chance) {
  const kinds = ["thing", "clothes", "text", "pet", "food"];
  const subject = phrases.nounSubject(chance, [chance.pick(kinds)], 0.35);
  const draw = chance.below(10);
  if (draw < 3) {
    const [be, id] = [link(), link()];
    const late = draw < 1 && subject.person === "il";
    const fr = subject.plural ? (late ? "étaient" : "sont") : late ? "était" : "est";
    const en = subject.plural ? (late ? "were" : "are") : late ? "was" : "is";
    const phrase = {
      fr: [...words("où", id), ...words(fr, be), ...subject.phrase.fr],
      en: [...words("where", id), ...words(en, be), ...subject.phrase.en],
    };
    return { phrase, combinations: subject.combinations, question: true };
  }
  const { negation, asked } = mannerOf(chance, "présent", 0.2, 0.3);
  const predicate = phrases.resting(chance);
  const phrase = copula({ subject, tense: copulaTense(chance, subject), predicate, negation, asked });
  return { phrase, combinations: subject.combinations, question: asked !== undefined };
}

/** Il y a deux chats noirs dans la cuisine; il n'y a pas de pain sur la table. */
export function existence(/** @type {Chance} */ chance) {
  const kind = chance.pick(["pet", "thing", "clothes", "text", "food", "furniture", "meal"]);
  const noun = chance.pick(phrases.ofKind([kind]));
  const [asks, denies, past] = [chance.happens(0.2), chance.happens(0.3), chance.happens(0.3)];
  const mood = asks ? "question" : denies ? "negated" : "plain";
  const determiner = chance.pick(phrases.determinersFor(noun, ["indefinite", "indefinite", "number"]));
  const counted = mood === "negated" ? "indefinite" : determiner;
  const nominal = phrases.nounPhrase(chance, noun, counted, { mood });
  const [there, be, not] = [link(), link(), link()];
  const verb = words(past ? "avait" : "a", be, there);
  const is = words(past ? (nominal.plural ? "were" : "was") : nominal.plural ? "are" : "is", be);
  // "Pas de pain" is "no bread": the determiner's place is taken by the negation.
  const thing = nominal.phrase;
  const no = words("no", not, ...(thing.en[0]?.links ?? []));
  const tail = phrases.resting(chance, kind !== "furniture");
  const il = words("il y", there);
  const place = words("there", there);
  if (mood === "negated") {
    const fr = [...words("il", there), ...words("ne", not), ...words("y", there), ...verb, ...words("pas", not)];
    const phrase = {
      fr: [...fr, ...thing.fr, ...tail.fr],
      en: [...place, ...is, ...no, ...thing.en.slice(1), ...tail.en],
    };
    return { phrase, combinations: nominal.combinations };
  }
  const asked = asks ? asking() : undefined;
  const front = asked
    ? [...is.map((word) => ({ ...word, links: [...word.links, asked.link] })), ...place]
    : [...place, ...is];
  const fr = [...(asked?.phrase.fr ?? []), ...il, ...verb, ...thing.fr, ...tail.fr];
  return {
    phrase: { fr, en: [...front, ...thing.en, ...tail.en] },
    combinations: nominal.combinations,
    question: asks,
  };
}

/** Où est-ce que Jane habite ? Qu'est-ce que vos amis mangent ? Pourquoi, quand. */
export function asked(/** @type {Chance} */ chance) {
  const subject = phrases.subject(chance);
  const draw = chance.below(10);
  if (draw < 4) return whatOrWho(chance, subject);
  const [fr = "", en = ""] = chance.pick(["où where", "où where", "quand when", "pourquoi why"]).split(" ");
  const question = asking(fr, en);
  if (fr === "où") {
    const pool = [...INTRANSITIVE, ...PLACED.map(({ verb }) => verb)].filter(
      ({ infinitive }) => infinitive !== "arriver",
    );
    const verb = chance.pick(pool);
    const tense = tenseOf(chance, subject, verb, verb.infinitive === "aller" ? "proche" : "");
    const when = chance.happens(0.4) ? phrases.timeOf(chance, tense).phrase : undefined;
    const phrase = clause({ subject, verb, tense, asked: question });
    return {
      phrase: join(phrase, when),
      combinations: [...subject.combinations, ...subjectCombination(subject, verb)],
      question: true,
    };
  }
  const verb = chance.pick(TRANSITIVE.filter((candidate) => !candidate.generic && candidate.objects.length > 0));
  const tense = tenseOf(chance, subject, verb, "imparfait pouvoir");
  const object = objectOf(chance, verb, subject, "plain");
  const phrase = clause({ subject, verb, tense, asked: question, complements: [object.phrase] });
  const found = [...subjectCombination(subject, verb), ...object.combinations];
  return { phrase, combinations: [...subject.combinations, ...found], question: true };
}

/** Qu'est-ce que Jane mange ? Qui mange la pomme ? @returns {Draft} */
function whatOrWho(/** @type {Chance} */ chance, /** @type {Subject} */ subject) {
  const verbs = TRANSITIVE.filter((candidate) => candidate.particle === "" && !candidate.generic);
  if (chance.happens(0.5)) {
    const verb = chance.pick(verbs.filter(({ pronoun }) => pronoun === "thing"));
    const tense = tenseOf(chance, subject, verb, "imparfait");
    const when = chance.happens(0.5) ? phrases.timeOf(chance, tense).phrase : undefined;
    const phrase = join(clause({ subject, verb, tense, asked: asking("que", "what") }), when);
    return { phrase, combinations: [...subject.combinations, ...subjectCombination(subject, verb)], question: true };
  }
  /** @type {Subject} */
  const who = {
    phrase: pair("qui", "who"),
    gender: "m",
    plural: false,
    combinations: [],
    person: "il",
    possessive: undefined,
    kind: "person",
    head: "",
  };
  const verb = chance.pick(verbs);
  const tense = tenseOf(chance, who, verb, "imparfait");
  const object = objectOf(chance, verb, who, "plain");
  const phrase = clause({ subject: who, verb, tense, complements: [object.phrase] });
  return { phrase, combinations: object.combinations, question: true };
}

/** La femme qui chante est italienne; Jane achète la robe que Marie a trouvée. */
export function relative(/** @type {Chance} */ chance) {
  if (chance.happens(0.4)) return whoDoes(chance);
  const [subject, inner] = [phrases.subject(chance), phrases.nameSubject(chance)];
  if (subject.phrase.fr.some((word) => word.text === inner.head)) return relative(chance);
  const things = TRANSITIVE.filter(({ pronoun }) => pronoun === "thing");
  const verb = chance.pick(things);
  const noun = chance.pick(phrases.ofKind([chance.pick(verb.objects)]));
  const head = phrases.nounPhrase(chance, noun, "definite", { adjectives: 0.15 });
  const others = TRANSITIVE.filter((other) => other !== verb && other.objects.includes(noun.kind));
  const second = chance.pick(others);
  const innerTense = chance.pick(/** @type {const} */ (["présent", "passé composé", "passé composé"]));
  const that = clause({ subject: inner, verb: second, tense: innerTense, before: head });
  const manner = mannerOf(chance, tenseOf(chance, subject, verb, "imparfait pouvoir devoir"), 0.15, 0.2);
  const object = join(head.phrase, pair("que", "that"), that);
  const phrase = clause({ subject, verb, ...manner, complements: [object] });
  const combinations = [
    ...subjectCombination(subject, verb),
    ...subjectCombination(inner, second),
    `object ${verb.infinitive} ${noun.singular}`,
    `object ${second.infinitive} ${noun.singular}`,
  ];
  return {
    phrase,
    combinations: [...subject.combinations, ...head.combinations, ...combinations],
    question: manner.asked !== undefined,
  };
}

/** La femme qui chante est heureuse. @returns {Draft} */
function whoDoes(/** @type {Chance} */ chance) {
  const person = phrases.nounSubject(chance, ["person"], 0.1);
  const subject = { ...person, phrase: pair("qui", "who") };
  const verb = chance.pick(INTRANSITIVE);
  const where = chance.happens(0.5) ? phrases.location(chance) : undefined;
  const inner = clause({ subject, verb, tense: "présent", complements: where ? [where.phrase] : [] });
  const whole = { ...person, phrase: join(person.phrase, inner) };
  const mentioned = new Set(person.phrase.en.map((word) => word.text));
  const fitting = ADJECTIVES.filter((a) => a.kinds.includes("family") || (a.kinds.includes("person") && !a.before));
  const adjective = chance.pick(fitting.filter((a) => !mentioned.has(a.en)));
  const predicate = phrases.agreeing(adjective, person.gender, person.plural);
  const { negation } = mannerOf(chance, "présent", 0, 0.2);
  const phrase = copula({ subject: whole, tense: "présent", predicate, negation });
  const found = [...subjectCombination(person, verb), ...(where?.combinations ?? [])];
  return { phrase, combinations: [...person.combinations, ...found] };
}

/** Paul chante, mais Marie ne danse pas; Jane ne travaille pas parce qu'elle est malade. */
export function joined(/** @type {Chance} */ chance) {
  const subject = chance.happens(0.6) ? phrases.nameSubject(chance) : phrases.nounSubject(chance, PEOPLE, 0.1);
  const tense = chance.pick(/** @type {const} */ (["présent", "passé composé", "futur"]));
  const verb = chance.pick(INTRANSITIVE);
  const found = [...subject.combinations, ...subjectCombination(subject, verb)];
  if (chance.happens(0.5)) {
    const second = phrases.nameSubject(chance);
    if (second.head === subject.head) return joined(chance);
    const other = chance.pick(INTRANSITIVE.filter((candidate) => candidate !== verb));
    const but = chance.happens(0.6);
    const negation = but ? /** @type {const} */ ("pas") : undefined;
    const conjunction = but ? join(pair(",", ","), pair("mais", "but")) : pair("et", "and");
    const rest = clause({ subject: second, verb: other, tense, negation });
    const phrase = join(clause({ subject, verb, tense }), conjunction, rest);
    return { phrase, combinations: [...found, ...subjectCombination(second, other)] };
  }
  const [fr, en] = subject.gender === "f" ? ["elle", "she"] : ["il", "he"];
  const again = { ...subject, phrase: subject.plural ? pair(`${fr}s`, "they") : pair(fr, en) };
  const negation = chance.happens(0.7) ? /** @type {const} */ ("pas") : undefined;
  const reason = chance.pick(ADJECTIVES.filter((adjective) => ["sick", "tired", "happy"].includes(adjective.en)));
  const predicate = phrases.agreeing(reason, subject.gender, subject.plural);
  const state = tense === "passé composé" ? "imparfait" : tense;
  const second = copula({ subject: again, tense: state, predicate });
  return {
    phrase: join(clause({ subject, verb, tense, negation }), pair("parce que", "because"), second),
    combinations: found,
  };
}
