// Words, the links between them, and French and English spelling at the seams between words.
// A word carries link numbers; a French and an English word that share one correspond. So the gold
// alignment falls out of how a sentence is put together, whatever is moved, elided or contracted later.

/** @typedef {{ text: string, links: number[], article?: boolean, before?: "masculine" }} Word */
/** @typedef {{ fr: Word[], en: Word[] }} Phrase */

let last = 0;

/** A new link number. @returns {number} */
export function link() {
  return ++last;
}

/**
 * Words of a space-separated text, all carrying the same links.
 * @param {string} text
 * @param {...number} links
 * @returns {Word[]}
 */
export function words(text, ...links) {
  return text === "" ? [] : text.split(" ").map((part) => ({ text: part, links: [...links] }));
}

/**
 * A phrase whose French and English words all correspond.
 * @param {string} fr
 * @param {string} en
 * @returns {Phrase}
 */
export function pair(fr, en) {
  const id = link();
  return { fr: words(fr, id), en: words(en, id) };
}

/**
 * Phrases side by side, in the same order in both languages.
 * @param {...(Phrase | undefined)} phrases
 * @returns {Phrase}
 */
export function join(...phrases) {
  const given = phrases.filter((phrase) => phrase !== undefined);
  return { fr: given.flatMap((phrase) => phrase.fr), en: given.flatMap((phrase) => phrase.en) };
}

/** @type {ReadonlySet<string>} */
const ELIDED = new Set(["le", "la", "de", "ne", "je", "que", "me", "te", "se"]);
/** @type {Readonly<Record<string, string>>} */
const CONTRACTED = { "à le": "au", "à les": "aux", "de le": "du", "de les": "des" };
/** Before a vowel: a feminine possessive sounds like the masculine one, some masculine words take another form. */
/** @type {Readonly<Record<string, string>>} */
const BEFORE_VOWEL = { ma: "mon", sa: "son", ce: "cet", beau: "bel", nouveau: "nouvel", vieux: "vieil" };

/** Does French elide before this word? All words with h in the lexicon have a mute h, save "huit" and "haut". */
function startsWithVowel(/** @type {string} */ word) {
  return /^[aàâeéèêiîoôœuûyh]/i.test(word) && !/^(huit|haut)/i.test(word);
}

/**
 * French spelling where words meet: contraction (à + le → au), elision (la + eau → l'eau), liaison forms (ce + arbre → cet).
 * @param {Word[]} sentence
 * @returns {Word[]}
 */
export function spellFrench(sentence) {
  /** @type {Word[]} */
  const spelled = [];
  for (let i = 0; i < sentence.length; i++) {
    const word = /** @type {Word} */ (sentence[i]);
    const next = sentence[i + 1];
    const vowel = next !== undefined && startsWithVowel(next.text);
    if (next?.article && (word.text === "à" || word.text === "de")) {
      const afterNext = sentence[i + 2];
      const elides = next.text !== "les" && afterNext !== undefined && startsWithVowel(afterNext.text);
      const contracted = elides ? undefined : CONTRACTED[`${word.text} ${next.text}`];
      if (contracted !== undefined) {
        spelled.push({ text: contracted, links: [...word.links, ...next.links] });
        i++;
        continue;
      }
    }
    if (vowel && ELIDED.has(word.text)) spelled.push({ ...word, text: `${word.text.slice(0, -1)}'` });
    else if (vowel && word.before === "masculine")
      spelled.push({ ...word, text: BEFORE_VOWEL[word.text] ?? word.text });
    else spelled.push(word);
  }
  return spelled;
}

/**
 * English spelling where words meet: a or an. No word of the lexicon is written with a vowel and spoken without one.
 * @param {Word[]} sentence
 * @returns {Word[]}
 */
export function spellEnglish(sentence) {
  return sentence.map((word, i) =>
    word.text === "a" && /^[aeiou]/i.test(sentence[i + 1]?.text ?? "") ? { ...word, text: "an" } : word,
  );
}

/**
 * A line of text from words: no space after an apostrophe; French puts one before its question mark.
 * @param {Word[]} sentence
 * @param {"fr" | "en"} language
 * @returns {string}
 */
export function line(sentence, language) {
  const closing = language === "fr" ? /^[.,]$/ : /^([.,?]|'s)$/;
  let text = "";
  for (const word of sentence) {
    const tight = text === "" || text.endsWith("'") || closing.test(word.text);
    text += tight ? word.text : ` ${word.text}`;
  }
  return text;
}

/** The first letter as a capital. @param {Word[]} sentence @returns {Word[]} */
export function capitalized(sentence) {
  return sentence.map((word, i) =>
    i === 0 ? { ...word, text: word.text.slice(0, 1).toUpperCase() + word.text.slice(1) } : word,
  );
}

/**
 * Pharaoh links "french-english", by French and then English word number.
 * @param {Phrase} sentence
 * @returns {string}
 */
export function alignment({ fr, en }) {
  return fr
    .flatMap((source, i) =>
      en.flatMap((target, j) => (source.links.some((id) => target.links.includes(id)) ? [`${i}-${j}`] : [])),
    )
    .join(" ");
}
