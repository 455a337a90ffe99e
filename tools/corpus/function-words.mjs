// Words that carry grammar more than meaning: articles, pronouns, auxiliaries, prepositions, conjunctions, negation.
// All other words of the corpus are content words. Lower case; an elided word keeps its apostrophe.

const split = (/** @type {string} */ text) => text.trim().split(/\s+/);

/** @type {Readonly<Record<"fr" | "en", readonly string[]>>} */
export const FUNCTION_WORDS = {
  fr: split(`
    le la les l' un une des du de d' au aux à
    en dans sur sous devant derrière près avec pour sans chez
    et mais parce que qu' qui où quand pourquoi est-ce
    je j' il elle nous vous ils elles me m' te se s' leur y
    mon ma mes son sa ses leurs ce cet cette ces
    ne n' pas jamais plus moins très trop
    suis est sommes êtes sont était étaient sera seront
    ai a avons avez ont avait avaient aura auront
    vais va allons allez vont veux veut voulons voulez veulent
    peux peut pouvons pouvez peuvent dois doit devons devez doivent
  `),
  en: split(`
    the a an some any of 's
    in at on to from with for without near behind under front
    and but because that than who what where when why
    i he she it we you they me him us them my his her their this these there
    not never no longer more less very too
    am is are was were be do does did will going used use want wants can cannot must
    has have had up
  `),
};
