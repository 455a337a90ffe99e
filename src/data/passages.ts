/**
 * Passages and questions by a small grammar, for learning to find answers with nothing but one's own data: who lives
 * where, who works as what, who owns, met and was born when. What a sentence says is asked for from every side, so only
 * the question and the sentences tell the answer. Names are made of syllables; those of the held-out part occur in no
 * passage of the training part.
 */
import { InputError } from "../errors/index.ts";
import { hash32, random, shuffle, type Random } from "../random/index.ts";

/** What is made. */
export interface PassageOptions {
  /** How many passages. */
  readonly passages: number;
  readonly seed: number;
  /** Whose names: those of training, or those that are kept apart. */
  readonly part: "training" | "held out";
  /** The most sentences of a passage; each has from 2 to so many. Default: 6. */
  readonly sentences?: number | undefined;
  /**
   * Of how many kinds its sentences are. Default: as many as there are people. With few, what is said does not tell of
   * whom.
   */
  readonly kinds?: number | undefined;
  /** Questions about each passage. Default: 3. */
  readonly questions?: number | undefined;
  /** The share of questions that their passage does not answer, from 0 to 1. Default: 0. */
  readonly unanswerable?: number | undefined;
}

/** A file of SQuAD, version 2.0 where questions have no answer. */
export interface SquadFile {
  readonly data: readonly {
    readonly title: string;
    readonly paragraphs: readonly {
      readonly context: string;
      readonly qas: readonly {
        readonly id: string;
        readonly question: string;
        readonly answers: readonly { readonly text: string; readonly answer_start: number }[];
        readonly is_impossible: boolean;
      }[];
    }[];
  }[];
}

const split = (words: string): readonly string[] => words.split(" ");
/** 80 first syllables, each with an end of its own. */
const STEMS = split("b d f g h j k l m n p r s t v w").flatMap((first, i) =>
  split("a e i o u").map((vowel, j) => first + vowel + "lnrsmd"[(i + j) % 6]!),
);
const PERSONS = split("a e i o u").flatMap((vowel) => split("b d k l m n r s t").map((last) => vowel + last));
const PLACES = split(
  "bridge brook burg bury by cester church dale don field ford gate ham haven hill hurst land ley minster mouth ness port " +
    "shire stead ton ville well wick wood worth",
);
const JOBS = split(
  "baker carpenter dentist doctor driver farmer gardener lawyer nurse painter pilot plumber sailor singer teacher writer",
);
const COLORS = split("black blue brown golden green grey orange pink purple red white yellow");
const THINGS = split("bicycle boat book cart clock coat drum guitar hat horse kite lamp piano ring table violin");
const MONTHS = split("January February March April May June July August September October November December");

/** One in so many names is kept apart. */
const APART = 5;

/** What a sentence says: the words in front of, between and behind its parts, and the questions about it. */
interface Fact {
  readonly text: string;
  /** Questions with what answers them; no other sentence of a passage may answer them, too. */
  readonly asked: readonly (readonly [question: string, answer: string])[];
}

/** What a sentence is drawn from: things that no other sentence of the passage has. */
interface Draws {
  readonly person: () => string;
  readonly place: () => string;
  readonly once: (words: readonly string[]) => string;
}

/** The kinds of sentences; of each, a person has one at most. */
const kinds: readonly ((who: string, draws: Draws) => Fact)[] = [
  (who, { place }) => {
    const where = place();
    return {
      text: `${who} lives in ${where}.`,
      asked: [
        [`Where does ${who} live?`, where],
        [`Who lives in ${where}?`, who],
      ],
    };
  },
  (who, { once }) => {
    const job = once(JOBS);
    return {
      text: `${who} works as a ${job}.`,
      asked: [
        [`What does ${who} work as?`, job],
        [`Who works as a ${job}?`, who],
      ],
    };
  },
  (who, { once }) => {
    const thing = `${once(COLORS)} ${once(THINGS)}`;
    return {
      text: `${who} owns a ${thing}.`,
      asked: [
        [`What does ${who} own?`, thing],
        [`Who owns a ${thing}?`, who],
      ],
    };
  },
  (who, { person, once }) => {
    const [other, month] = [person(), once(MONTHS)];
    const asked = [
      [`Whom did ${who} meet?`, other],
      [`Who met ${other}?`, who],
      [`When did ${who} meet ${other}?`, month],
    ] as const;
    return { text: `${who} met ${other} in ${month}.`, asked };
  },
  (who, { place, once }) => {
    const [where, month] = [place(), once(MONTHS)];
    const asked = [
      [`Where was ${who} born?`, where],
      [`In which month was ${who} born?`, month],
      [`Who was born in ${where}?`, who],
    ] as const;
    return { text: `${who} was born in ${where} in ${month}.`, asked };
  },
];

/** A name that belongs to a part, as the hash of the name says. */
function name(generator: Random, endings: readonly string[], part: PassageOptions["part"]): string {
  for (;;) {
    const pick = (from: readonly string[]): string => from[generator.below(from.length)]!;
    const made = pick(STEMS) + pick(endings);
    if ((hash32("names apart", made) % APART === 0) === (part === "held out"))
      return made[0]!.toUpperCase() + made.slice(1);
  }
}

/**
 * A file of passages and questions. The same options make the same file.
 * @throws InputError for fewer than 2 sentences or more than there are different ones, or a share that is none.
 */
export function madePassages(options: PassageOptions): SquadFile {
  const { passages, seed, part, sentences = 6, questions = 3, unanswerable = 0 } = options;
  if (!(sentences >= 2 && sentences <= 12)) throw new InputError(`A passage has 2 to 12 sentences; got ${sentences}.`);
  // Half as many people as sentences, and two at least: two kinds are enough, and for two sentences one.
  if (options.kinds !== undefined && options.kinds < (sentences > 2 ? 2 : 1)) {
    throw new InputError(`Passages of up to ${sentences} sentences are of more kinds; got ${options.kinds}.`);
  }
  if (!(unanswerable >= 0 && unanswerable <= 1)) {
    throw new InputError(`unanswerable is a share from 0 to 1; got ${unanswerable}.`);
  }
  const data = Array.from({ length: passages }, (_, i) => {
    const generator = random(seed, "passages", part, i);
    const made = passage(generator, part, 2 + generator.below(sentences - 1), options.kinds);
    const context = made.map(({ text }) => text).join(" ");
    const chosen = shuffle(
      made.flatMap((fact) => fact.asked.map((asked) => ({ asked, fact }))),
      generator,
    ).slice(0, questions);
    const qas = chosen.map(({ asked: [question, text], fact }, number) => {
      const id = `${part} ${seed} ${i} ${number}`;
      if (generator.uniform() < unanswerable)
        return { id, question: strange(question, generator, part), answers: [], is_impossible: true };
      const start = context.indexOf(fact.text) + fact.text.search(new RegExp(`\\b${text}\\b`));
      return { id, question, answers: [{ text, answer_start: start }], is_impossible: false };
    });
    return { title: `${part} ${i}`, paragraphs: [{ context, qas }] };
  });
  return { data };
}

/** The sentences of a passage, in a drawn order. */
function passage(generator: Random, part: PassageOptions["part"], sentences: number, most?: number): Fact[] {
  const used = new Set<string>();
  const fresh = (draw: () => string): string => {
    for (;;) {
      const made = draw();
      if (used.has(made)) continue;
      used.add(made);
      return made;
    }
  };
  const draws: Draws = {
    person: () => fresh(() => name(generator, PERSONS, part)),
    place: () => fresh(() => name(generator, PLACES, part)),
    once: (words) => fresh(() => words[generator.below(words.length)]!),
  };
  const people = Array.from({ length: Math.max(2, Math.ceil(sentences / 2)) }, draws.person);
  const some = shuffle([...kinds], generator).slice(0, most ?? people.length);
  const all = people.flatMap((who) => some.map((kind) => ({ who, kind })));
  return shuffle(all, generator)
    .slice(0, sentences)
    .map(({ who, kind }) => kind(who, draws));
}

/** The question about somebody, or some place, that the passage does not name. */
function strange(question: string, generator: Random, part: PassageOptions["part"]): string {
  const other = name(generator, PERSONS, part);
  const named = question.replace(/(?<=\s)[A-Z][a-z]+/, other);
  return named === question ? `Whom did ${other} meet?` : named;
}
