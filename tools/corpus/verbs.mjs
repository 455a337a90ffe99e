// Verbs: French forms by tense and person, English forms, and what kinds of object each takes.

/** @typedef {"je" | "il" | "nous" | "vous" | "ils"} Person */
/** @typedef {"présent" | "passé composé" | "futur" | "imparfait" | "proche" | "vouloir" | "pouvoir" | "devoir"} Tense */
/** @typedef {Record<Person, string>} Forms */
/**
 * `objects`: the kinds of noun it takes; `pronoun`: what le, la, l' mean as its object ("none": they would be ambiguous);
 * `generic`: the definite article means the kind (aime les pommes → likes apples).
 * @typedef {{ infinitive: string, present: Forms, future: string, imperfect: string, participle: string, être: boolean,
 *   reflexive: boolean, en: [base: string, third: string, past: string], particle: string, preposition: string, objects: readonly string[],
 *   pronoun: "thing" | "person" | "none", generic: boolean }} Verb
 */

/** @param {string} text @returns {Forms} */
const forms = (text) => {
  const [je = "", il = "", nous = "", vous = "", ils = ""] = text.split(" ");
  return { je, il, nous, vous, ils };
};

/** Présent of an -er verb; `strong` is the stem before a silent ending (achèt-, lèv-). */
const firstGroup = (/** @type {string} */ stem, /** @type {string} */ strong) =>
  forms(`${strong}e ${strong}e ${stem}${stem.endsWith("g") ? "e" : ""}ons ${stem}ez ${strong}ent`);

/**
 * @param {string} infinitive
 * @param {string} en base, third person, past, and after "+" the particle
 * @param {Partial<Verb> & { strong?: string }} [more]
 * @returns {Verb}
 */
function er(infinitive, en, { strong, ...more } = {}) {
  const stem = infinitive.slice(0, -2);
  return verb(infinitive, firstGroup(stem, strong ?? stem), `${strong ?? stem}er`, `${stem}é`, en, more);
}

/**
 * @param {string} infinitive
 * @param {Forms} present
 * @param {string} future its stem
 * @param {string} participle
 * @param {string} en
 * @param {Partial<Verb>} [more]
 * @returns {Verb}
 */
function verb(infinitive, present, future, participle, en, more = {}) {
  const [spelled = "", particle = ""] = en.split(" + ");
  const [base = "", third = "", past = ""] = spelled.split(" ");
  const imperfect = present.nous.replace(/ons$/, "");
  const defaults = {
    être: false,
    reflexive: false,
    objects: [],
    pronoun: /** @type {const} */ ("none"),
    generic: false,
  };
  return {
    infinitive,
    present,
    future,
    imperfect,
    participle,
    en: [base, third, past],
    particle,
    preposition: "",
    ...defaults,
    ...more,
  };
}

const PEOPLE = ["person", "acquaintance", "friend", "family"];
const THINGS = ["thing", "wheels", "clothes", "furniture"];
const thing = /** @type {const} */ ("thing");
const person = /** @type {const} */ ("person");

/** @type {readonly Verb[]} */
export const TRANSITIVE = [
  er("visiter", "visit visits visited", { objects: ["building"], pronoun: thing }),
  er("aimer", "like likes liked", {
    objects: [
      ...PEOPLE,
      "pet",
      "horse",
      "food",
      "meal",
      "drink",
      "text",
      "story",
      "film",
      "song",
      "music",
      "thing",
      "clothes",
    ],
    generic: true,
  }),
  er("adorer", "love loves loved", {
    objects: ["pet", "horse", "food", "meal", "drink", "story", "film", "song", "music", "thing", "lesson"],
    generic: true,
  }),
  er("manger", "eat eats ate", { objects: ["food", "food", "meal"], pronoun: thing }),
  verb("boire", forms("bois boit buvons buvez boivent"), "boir", "bu", "drink drinks drank", {
    objects: ["drink"],
    pronoun: thing,
  }),
  er("acheter", "buy buys bought", {
    strong: "achèt",
    objects: [...THINGS, "food", "meal", "text", "news"],
    pronoun: thing,
  }),
  verb("vendre", forms("vends vend vendons vendez vendent"), "vendr", "vendu", "sell sells sold", {
    objects: [...THINGS, "food", "pet", "horse"],
    pronoun: thing,
  }),
  verb("lire", forms("lis lit lisons lisez lisent"), "lir", "lu", "read reads read", {
    objects: ["text", "news", "story"],
    pronoun: thing,
  }),
  verb("écrire", forms("écris écrit écrivons écrivez écrivent"), "écrir", "écrit", "write writes wrote", {
    objects: ["text", "story", "song"],
    pronoun: thing,
  }),
  verb("voir", forms("vois voit voyons voyez voient"), "verr", "vu", "see sees saw", {
    objects: [...PEOPLE, "pet", "horse", "building", "thing", "film", "nature", "vehicle"],
  }),
  er("regarder", "watch watches watched", { objects: ["pet", "horse", "film", "acquaintance", "friend"] }),
  er("écouter", "listen listens listened + to", {
    objects: ["song", "music", "story", "acquaintance", "friend", "family"],
  }),
  er("chercher", "look looks looked + for", { objects: [...PEOPLE, "pet", "horse", ...THINGS, "building", "text"] }),
  verb(
    "attendre",
    forms("attends attend attendons attendez attendent"),
    "attendr",
    "attendu",
    "wait waits waited + for",
    {
      objects: [...PEOPLE, "vehicle"],
    },
  ),
  er("trouver", "find finds found", {
    objects: ["pet", "horse", "thing", "clothes", "text", "building"],
    pronoun: thing,
  }),
  er("porter", "wear wears wore", { objects: ["clothes"], pronoun: thing }),
  er("laver", "wash washes washed", { objects: ["clothes", "wheels", "furniture", "opening"], pronoun: thing }),
  verb("ouvrir", forms("ouvre ouvre ouvrons ouvrez ouvrent"), "ouvrir", "ouvert", "open opens opened", {
    objects: ["opening", "opening", "building"],
    pronoun: thing,
  }),
  er("fermer", "close closes closed", { objects: ["opening", "opening", "building"], pronoun: thing }),
  verb(
    "apprendre",
    forms("apprends apprend apprenons apprenez apprennent"),
    "apprendr",
    "appris",
    "learn learns learned",
    {
      objects: ["lesson", "song"],
      pronoun: thing,
    },
  ),
  er("inviter", "invite invites invited", { objects: PEOPLE, pronoun: person }),
  er("aider", "help helps helped", { objects: PEOPLE, pronoun: person }),
  er("rencontrer", "meet meets met", { objects: PEOPLE, pronoun: person }),
];

export const AVOIR = verb("avoir", forms("ai a avons avez ont"), "aur", "eu", "have has had", {
  objects: [...THINGS, "pet", "horse", "text"],
});

/** Verbs that need no object: what people do somewhere, at some time. */
export const INTRANSITIVE = [
  er("chanter", "sing sings sang"),
  er("danser", "dance dances danced"),
  er("travailler", "work works worked"),
  er("nager", "swim swims swam"),
  er("jouer", "play plays played"),
  verb("dormir", forms("dors dort dormons dormez dorment"), "dormir", "dormi", "sleep sleeps slept"),
];

/** With à and a person. English needs "to" before a noun and before a pronoun, except with "call". */
export const ADDRESSING = [
  er("parler", "talk talks talked", { preposition: "to" }),
  er("téléphoner", "call calls called"),
  verb(
    "répondre",
    forms("réponds répond répondons répondez répondent"),
    "répondr",
    "répondu",
    "reply replies replied",
    {
      preposition: "to",
    },
  ),
];

/** With a place; the English preposition before a country, a city or a building. */
export const PLACED = [
  {
    verb: verb("aller", forms("vais va allons allez vont"), "ir", "allé", "go goes went", { être: true }),
    geographic: "to",
    building: "to",
  },
  { verb: er("voyager", "travel travels traveled"), geographic: "to", building: "" },
  { verb: er("habiter", "live lives lived"), geographic: "in", building: "" },
  { verb: er("travailler", "work works worked"), geographic: "in", building: "at" },
  { verb: er("arriver", "arrive arrives arrived", { être: true }), geographic: "in", building: "at" },
  { verb: er("rester", "stay stays stayed", { être: true }), geographic: "in", building: "at" },
];

export const VENIR = verb("venir", forms("viens vient venons venez viennent"), "viendr", "venu", "come comes came", {
  être: true,
});

export const REFLEXIVE = [
  er("lever", "get gets got + up", { strong: "lèv", reflexive: true, être: true }),
  er("réveiller", "wake wakes woke + up", { reflexive: true, être: true }),
  er("reposer", "rest rests rested", { reflexive: true, être: true }),
];

/** Semi-auxiliaries, and the auxiliaries of the compound past. @type {Readonly<Record<string, Forms>>} */
export const AUXILIARY = {
  avoir: AVOIR.present,
  être: forms("suis est sommes êtes sont"),
  proche: forms("vais va allons allez vont"),
  vouloir: forms("veux veut voulons voulez veulent"),
  pouvoir: forms("peux peut pouvons pouvez peuvent"),
  devoir: forms("dois doit devons devez doivent"),
};

/** Future and imperfect endings; the corpus uses these tenses in the third person only. */
export const ENDINGS = { futur: { il: "a", ils: "ont" }, imparfait: { il: "ait", ils: "aient" } };

/** Present of "to be" by French person. @type {Readonly<Record<Person, string>>} */
export const BE = { je: "am", il: "is", nous: "are", vous: "are", ils: "are" };
