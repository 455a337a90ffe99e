/**
 * Porter's stemmer (Porter 1980, "An algorithm for suffix stripping") with the changes that NLTK made to it, since ROUGE
 * is computed with NLTK's: connects, connected and connection all become "connect".
 */

/** Forms that rules get wrong (NLTK's list). */
const irregular: ReadonlyMap<string, string> = new Map([
  ...["sky", "skies"].map((word) => [word, "sky"] as const),
  ...["die", "lie", "tie"].map((stem) => [`${stem[0]!}ying`, stem] as const),
  ...["inning", "outing", "canning"].flatMap((stem) => [[stem, stem] as const, [`${stem}s`, stem] as const]),
  ...["news", "howe", "proceed", "exceed", "succeed"].map((word) => [word, word] as const),
]);

/** Whether each letter is a consonant: y is one at the start and after a vowel. */
function consonants(word: string): boolean[] {
  const flags: boolean[] = [];
  for (const letter of word) flags.push(letter === "y" ? flags.at(-1) !== true : !"aeiou".includes(letter));
  return flags;
}

/** Porter's m: how often a vowel is followed by a consonant. */
function measure(stem: string): number {
  return consonants(stem).filter((consonant, i, all) => consonant && all[i - 1] === false).length;
}

const hasVowel = (stem: string): boolean => consonants(stem).includes(false);

const endsTwice = (word: string): boolean =>
  word.length >= 2 && word.at(-1) === word.at(-2) && consonants(word).at(-1) === true;

/** Porter's *o: consonant, vowel, consonant other than w, x, y at the end; NLTK's: or vowel and consonant are all. */
function endsShort(word: string): boolean {
  const flags = consonants(word);
  const [first, second, third] = flags.slice(-3);
  if (flags.length === 2) return first === false && second === true;
  return first === true && second === false && third === true && !"wxy".includes(word.at(-1)!);
}

type Rule = readonly [suffix: string, replacement: string];

/** Of the first rule whose suffix fits, the replacement if the stem passes; else the word as it is. */
function replaceSuffix(
  word: string,
  rules: readonly Rule[],
  passes: (stem: string, suffix: string) => boolean,
): string {
  for (const [suffix, replacement] of rules) {
    if (!word.endsWith(suffix)) continue;
    const stem = word.slice(0, word.length - suffix.length);
    return passes(stem, suffix) ? stem + replacement : word;
  }
  return word;
}

const rulesOf = (text: string): Rule[] => text.split(" ").map((rule) => rule.split(">") as [string, string]);

const plurals = rulesOf("sses>ss ies>i ss>ss s>");
const doubleSuffixes = rulesOf(
  "ational>ate tional>tion enci>ence anci>ance izer>ize bli>ble alli>al entli>ent eli>e ousli>ous ization>ize " +
    "ation>ate ator>ate alism>al iveness>ive fulness>ful ousness>ous aliti>al iviti>ive biliti>ble fulli>ful logi>log",
);
const derived = rulesOf("icate>ic ative> alize>al iciti>ic ical>ic ful> ness>");
const endings = rulesOf(
  "al> ance> ence> er> ic> able> ible> ant> ement> ment> ent> ion> ou> ism> ate> iti> ous> ive> ize>",
);

/** Past tense and gerund (step 1b), then what their removal left behind. */
function withoutTense(word: string): string {
  if (word.endsWith("ied")) return word.slice(0, -3) + (word.length === 4 ? "ie" : "i");
  if (word.endsWith("eed")) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const suffix = ["ed", "ing"].find((one) => word.endsWith(one) && hasVowel(word.slice(0, -one.length)));
  if (suffix === undefined) return word;
  const stem = word.slice(0, -suffix.length);
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (endsTwice(stem)) return /[lsz]$/.test(stem) ? stem : stem.slice(0, -1);
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem;
}

/** -y becomes -i after a consonant that is not the first letter (step 1c). */
function withoutY(word: string): string {
  const stem = word.slice(0, -1);
  return word.endsWith("y") && stem.length > 1 && consonants(stem).at(-1) === true ? `${stem}i` : word;
}

/** Steps 2: -ational becomes -ate. NLTK shortens -alli first, and then looks again. */
function withoutDouble(word: string): string {
  if (word.endsWith("alli") && measure(word.slice(0, -4)) > 0) return withoutDouble(word.slice(0, -2));
  // The l of -logi belongs to the stem, so that "geo" and "theo" count as one.
  return replaceSuffix(word, doubleSuffixes, (stem, suffix) => measure(suffix === "logi" ? `${stem}l` : stem) > 0);
}

/** A last -e, and one l of two (step 5). */
function tidied(word: string): string {
  const stem = word.slice(0, -1);
  const m = measure(stem);
  const short = word.endsWith("e") && (m > 1 || (m === 1 && !endsShort(stem))) ? stem : word;
  return short.endsWith("ll") && measure(short.slice(0, -1)) > 1 ? short.slice(0, -1) : short;
}

/** The stem of a word in lower case; words of one or two letters stay. */
export function porterStem(word: string): string {
  const known = irregular.get(word);
  if (known !== undefined) return known;
  if (word.length <= 2) return word;
  const singular =
    word.length === 4 && word.endsWith("ies") ? word.slice(0, -1) : replaceSuffix(word, plurals, () => true);
  const once = withoutDouble(withoutY(withoutTense(singular)));
  const twice = replaceSuffix(once, derived, (stem) => measure(stem) > 0);
  const bare = replaceSuffix(
    twice,
    endings,
    (stem, suffix) => measure(stem) > 1 && (suffix !== "ion" || /[st]$/.test(stem)),
  );
  return tidied(bare);
}
