/** The bundled French-English corpus: what `node tools/corpus/make.mjs` writes, and what its README promises. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { alignmentWords, contentWords, dictionaryBaseline, parseAlignment } from "../../src/data/index.ts";
import { bleu } from "../../src/evaluation/index.ts";
import { bare, corpusFiles, isHeldOut, makeCorpus, SHOWN } from "../../tools/corpus/make.mjs";

const bundled = (name: string): string =>
  readFileSync(new URL(`../../corpus/french-english/${name}`, import.meta.url), "utf8");
const corpus = makeCorpus();
const splits = Object.entries({ train: corpus.train, valid: corpus.valid, test: corpus.test });
const all = [...corpus.train, ...corpus.valid, ...corpus.test];
const heldOut = [...corpus.valid, ...corpus.test];
const texts = (text: string): string[] => alignmentWords(text).map((word) => word.text);
const functionWords = {
  fr: new Set(bundled("function-words.fr").trimEnd().split("\n")),
  en: new Set(bundled("function-words.en").trimEnd().split("\n")),
};

/** French sentences in which `pattern` occurs. */
const french = (pattern: RegExp): string[] => all.map((pair) => pair.fr).filter((text) => pattern.test(text));
const pairOf = (fr: RegExp) => all.filter((pair) => fr.test(pair.fr));

describe("the bundled files", () => {
  it("are what the generator makes", () => {
    for (const [name, text] of corpusFiles(corpus)) expect(bundled(name) === text, name).toBe(true);
    for (const [name, pairs] of splits) expect(bundled("README.md")).toContain(`| ${name} | ${pairs.length} |`);
  });

  it("hold at least 8,000 distinct pairs, each sentence in one split only, with one translation", () => {
    expect(corpus.train.length).toBeGreaterThanOrEqual(8000);
    expect(new Set(all.map((pair) => bare(pair.fr))).size).toBe(all.length);
  });

  it("have sentences of 3 to 15 words that end alike in both languages", () => {
    const lengths = all.map((pair) => texts(pair.fr).length);
    expect(Math.min(...lengths)).toBe(3);
    expect(Math.max(...lengths)).toBe(15);
    const end = (text: string): string => /(?: \?|\.)?$/.exec(text)![0].trim();
    expect(all.filter(({ fr, en }) => end(fr) !== /[?.]?$/.exec(en)![0])).toEqual([]);
    expect(all.filter(({ fr, en }) => !/^\p{Lu}/u.test(fr) || !/^\p{Lu}/u.test(en))).toEqual([]);
    expect(all.filter(({ fr, en }) => / {2}|undefined|’/.test(fr + en))).toEqual([]);
    const unmarked = all.filter((pair) => end(pair.fr) === "").length / all.length;
    expect(unmarked).toBeGreaterThan(0.08);
    expect(unmarked).toBeLessThan(0.15);
  });
});

describe("the split", () => {
  it("shows the sentence of the documentation nowhere, but its words in training", () => {
    expect(all.filter((pair) => bare(pair.fr) === SHOWN)).toEqual([]);
    const words = new Set(corpus.train.flatMap((pair) => pair.frWords));
    for (const word of texts(SHOWN)) expect(words).toContain(word);
    const english = new Set(corpus.train.flatMap((pair) => pair.enWords));
    for (const word of texts("Jane visits Africa in September")) expect(english).toContain(word);
    expect(corpus.train.filter((pair) => pair.fr.includes("Afrique") && pair.fr.includes("septembre"))).toEqual([]);
    const alike = /^\p{Lu}\p{L}+ visite (?:l'|la |le |les )?\p{Lu}[\p{L}-]+ en \p{Ll}+\.?$/u;
    expect(corpus.train.filter((pair) => alike.test(pair.fr)).length).toBeGreaterThan(150);
  });

  it("keeps held-out combinations out of training, and has one in every held-out sentence", () => {
    const apart = (combinations: readonly string[]): string[] => combinations.filter((each) => isHeldOut(each));
    expect(corpus.train.flatMap((pair) => apart(pair.combinations))).toEqual([]);
    expect(heldOut.filter((pair) => apart(pair.combinations).length === 0)).toEqual([]);
    const listed = new Set(bundled("held-out.txt").trimEnd().split("\n"));
    expect(heldOut.flatMap((pair) => apart(pair.combinations)).filter((each) => !listed.has(each))).toEqual([]);
  });

  it("holds out sentences of which training knows every word", () => {
    const fr = new Set(corpus.train.flatMap((pair) => texts(pair.fr)));
    const en = new Set(corpus.train.flatMap((pair) => texts(pair.en)));
    for (const pair of heldOut) {
      expect(texts(pair.fr).filter((word) => !fr.has(word))).toEqual([]);
      expect(texts(pair.en).filter((word) => !en.has(word))).toEqual([]);
    }
  });

  it("is too hard for a dictionary", () => {
    const pairs = corpus.train.map(({ fr, en }) => ({ source: fr, target: en }));
    const baseline = dictionaryBaseline(
      pairs,
      corpus.train.map((pair) => parseAlignment(pair.align)),
    );
    const { score } = bleu(
      corpus.test.map((pair) => baseline.translate(pair.fr)),
      [corpus.test.map((pair) => pair.en)],
    );
    expect(score).toBeGreaterThan(25);
    expect(score).toBeLessThan(40);
  });
});

describe("the alignments", () => {
  it("count the words of alignmentWords", () => {
    const split = all.map(({ fr, en }) => [texts(fr).join(" "), texts(en).join(" ")]);
    expect(split).toEqual(all.map(({ frWords, enWords }) => [frWords.join(" "), enWords.join(" ")]));
  });

  it("stay in range and link every content word, on both sides", () => {
    const faults = all.flatMap(({ fr, en, align }) => {
      const links = parseAlignment(align);
      const sides = [alignmentWords(fr), alignmentWords(en)] as const;
      return sides.flatMap((words, side) => {
        const linked = new Set(links.map((link) => link[side]!));
        if (Math.max(...linked) >= words.length) return [`${fr}: ${align}`];
        const content = contentWords(words, side === 0 ? functionWords.fr : functionWords.en);
        return content.filter((word) => !linked.has(word)).map((word) => `${words[word]!.text} in ${fr}`);
      });
    });
    expect(faults).toEqual([]);
  });

  it("know which word is which", () => {
    const wanted = new Map(
      Object.entries({ Afrique: "Africa", septembre: "September", pomme: "apple", souvent: "often" }),
    );
    const found = all.flatMap(({ frWords, enWords, align }) =>
      parseAlignment(align).map(([s, t]) => [frWords[s]!, enWords[t]!] as const),
    );
    expect(found.filter(([fr, en]) => wanted.has(fr) && wanted.get(fr) !== en)).toEqual([]);
    for (const fr of wanted.keys()) expect(found.some((link) => link[0] === fr)).toBe(true);
  });
});

describe("French grammar", () => {
  const vowel = "[aeiouyàâéèêîôûœh]";
  it.each([
    ["elision", new RegExp(`(?:^|[ '])(?:le|la|de|ne|je|que|me|te|se) ${vowel}(?!uit )`, "iu"), "Jane voit le arbre."],
    ["no elision before a consonant", /(?:^| )(?:[ldnjmts]|qu)'[^aeiouyàâéèêîôûœh]/iu, "Jane voit l'chat."],
    ["contraction of à", /(?:^| )à (?:le|les) /iu, "Jane va à le marché."],
    ["contraction of de", /(?:^| )de (?:le|les) /iu, "Jane vient de le Japon."],
    ["mon, son before a vowel", new RegExp(` (?:ma|sa) ${vowel}`, "iu"), "Jane aide sa amie."],
    ["cet, bel, nouvel", new RegExp(`(?:^| )(?:ce|beau|nouveau) ${vowel}`, "iu"), "Il voit ce arbre."],
    ["vieil", /vieux (?:arbre|homme|oiseau|ami|hôtel|hôpital|œuf)(?!s)/u, "Un vieux arbre."],
    ["beau, nouveau, vieux", /(?:cet|bel|nouvel|vieil) [^aeiouyàâéèêîôûœh]/iu, "Un bel chat."],
    [
      "de before an adjective",
      /(?<!(?:près|chez|vient|viennent) )des (?:belles|beaux|petit|grand|nouve|vieux|vieilles|bon|jeune)\p{L}* (?:pommes|robes)/u,
      "Il mange des bonnes pommes.",
    ],
    ["de after a negation", / n[e'].*(?:pas|jamais|plus) (?:une?|des|du) (?!\p{Lu})/u, "Il ne mange pas une pomme."],
    ["au before Japon", /(?:^| )en (?:Canada|Japon|Brésil|Mexique|Maroc|Paris|Rome)/u, "Il va en Japon."],
    ["en before France", /(?:^| )au (?:France|Italie|Chine|Afrique|Paris)/u, "Il va au France."],
    [
      "feminine determiners",
      / (?:un|le|ce|mon) (?:\p{L}+ )?(?:pomme|robe|maison|voiture|lettre|chaise)(?!\p{L})/u,
      "Il a un petit pomme.",
    ],
    [
      "masculine determiners",
      / (?:une|la|cette|ma) (?:\p{L}+ )?(?:livre|chapeau|chien|train|musée|garçon)(?!\p{L})/u,
      "Il lit la livre.",
    ],
    [
      "feminine adjectives",
      /(?:robe|pomme|chemise|porte)s? (?:blanc|vert|cher|noir|italien)s?(?!\p{L})/u,
      "La robe blanc est belle.",
    ],
    [
      "plural adjectives",
      /(?:robes|pommes|chemises|livres|chats) (?:rouge|noire?|blanche?|verte?|chère)(?!\p{L})/u,
      "Il lit les livres rouge.",
    ],
    ["singular verbs", /^(?:Jane|Paul|Elle|Il) (?:visitent|mangent|vont|ont|sont)(?!\p{L})/u, "Jane visitent Paris."],
    ["plural verbs", /^(?:Ils|Elles) (?:visite|mange|va|a|est)(?!\p{L})/u, "Ils visite Paris."],
    ["participles like their subject", /(?:Elle|Jane|Marie) est (?:allé|resté|venu)(?!e)/u, "Jane est allé à Paris."],
    [
      "participles like the object before them",
      /Jane (?:les a \p{L}+[éu]|l'a \p{L}+ées)(?!\p{L})/u,
      "Jane les a mangé.",
    ],
    ["boys and girls that are not old", /vieux garçons?|vieilles? filles?|vieil enfant/iu, "Le vieux garçon dort."],
  ])("has %s", (_, wrong, example) => {
    expect(example).toMatch(wrong);
    expect(french(wrong)).toEqual([]);
  });

  it("gives past participles the gender and number of the object before them", () => {
    const feminine = pairOf(/ robes? que? .*(?:a|ont) (?:\p{L}+ )?(?:achet|port|trouv|lav)/u);
    expect(feminine.length).toBeGreaterThan(0);
    for (const { fr } of feminine) expect(fr).toMatch(/(?:achet|port|trouv|lav)ées?\b/u);
  });

  it("has every kind of sentence in good number", () => {
    const kinds: [RegExp, number][] = [
      [/ (?:ne |n').*(?:pas|jamais|plus)/u, 2500],
      [/\?$/u, 2000],
      [/ (?:a|ont|ai|avons|avez|est|sont) (?:\p{L}+ )?\p{L}+(?:é|u|is)e?s?(?!\p{L})/u, 1500],
      [/ (?:va|vont|vais|allons|allez) (?:(?:l'|le |la |les |y |se |me ))?\p{L}+(?:er|ir|re)\b/u, 700],
      [/ \p{L}+r(?:a|ont)\b/u, 900],
      [/ (?:le|la|les|l'|vous|nous|leur|m'|me) ?(?:\p{L}+e|a|ont|ai) /u, 500],
      [/ (?:en|au|aux|à) (?:\p{Lu})/u, 700],
      [/ en (?:janvier|septembre|juin|mai)/u, 500],
      [/plus \p{L}+ que |moins \p{L}+ que /u, 30],
      [/ qui | que | qu'/u, 700],
    ];
    for (const [kind, least] of kinds) expect(french(kind).length, kind.source).toBeGreaterThan(least);
  });
});

describe("English grammar", () => {
  it.each([
    ["an before a vowel", /\ba [aeiou]/iu, "He eats a apple."],
    ["a before a consonant", /\ban [^aeiou]/iu, "He eats an cake."],
    ["singular verbs", /^(?:Jane|Paul|He|She) (?:visit|eat|like|go|have|are|do|buy)\b/u, "Jane visit Paris."],
    ["plural verbs", /^(?:They|We|You) (?:visits|eats|likes|goes|has|is|does|buys)\b/u, "They visits Paris."],
    [
      "plain verbs after auxiliaries",
      /\b(?:does|did|will|can|must) (?:not |never )?(?:visits|eats|likes|goes|buys|was|ate|went)\b/u,
      "He did not went.",
    ],
    ["places without article", /\bthe (?:Africa|France|Japan|Paris|Italy)\b/u, "He visits the Japan."],
    ["articles before plural places", /(?<!the )(?:United States|Netherlands)/u, "He visits Netherlands."],
    ["any after a negation", /\b(?:not|never|no longer) (?:\p{Ll}+ )?some\b/u, "He does not eat some cake."],
  ])("has %s", (_, wrong, example) => {
    expect(example).toMatch(wrong);
    expect(all.map((pair) => pair.en).filter((text) => wrong.test(text))).toEqual([]);
  });

  it("says his or her after the subject", () => {
    const women = pairOf(/^(?:Jane|Marie|Sophie|Anna|Claire|Julie|Elle) \p{L}+ (?:son|sa|ses) /u);
    const men = pairOf(/^(?:Paul|Pierre|Marc|Louis|Thomas|Alain|Il) \p{L}+ (?:son|sa|ses) /u);
    expect(Math.min(women.length, men.length)).toBeGreaterThan(20);
    for (const { en } of women) expect(en).toMatch(/ her /);
    for (const { en } of men) expect(en).toMatch(/ his /);
  });
});
