/** The kinds of made-up instructions: each asks in several ways, has one answer, and is told in plain sentences, too. */
import { shuffle, type Random } from "../random/index.ts";

/** One drawing of a kind. */
export interface MadeQuestion {
  /** What was drawn, written so that equal arguments have equal keys. */
  readonly key: string;
  /** The same question in several words. */
  readonly ask: readonly string[];
  readonly answer: string;
  /** The same fact, told. */
  readonly tell: readonly string[];
}

/** A kind of instructions. */
export interface MadeKind {
  readonly name: string;
  /** Draws arguments. A kind that is about a row of words takes those that are given, if it can be about so many. */
  readonly make: (draw: Random, words?: readonly string[]) => MadeQuestion;
  /** How many words a row may have; undefined for a kind that is not about one. */
  readonly lengths?: readonly [least: number, most: number];
}

const things = (
  "apple ball bear bell bird boat book bread cake cat chair coat cow cup dog door duck egg fish flag flower fox frog " +
  "goat hat horse house key king lamp leaf lion"
).split(" ");
const colors = "black blue brown gray green pink red white yellow".split(" ");
const letters = "a b c d e f g h".split(" ");

/** So many different items. */
const some = <T>(items: readonly T[], count: number, draw: Random): T[] => shuffle([...items], draw).slice(0, count);
/** Between `least` and `most` different things. */
export const row = (draw: Random, least: number, most: number): string[] =>
  some(things, least + draw.below(most - least + 1), draw);
const joined = (words: readonly string[]): string => words.join(" ");

/** A kind whose arguments are a row of things, and which asks for a text made of them. */
function ofRow(
  name: string,
  [least, most]: readonly [number, number],
  answerOf: (words: readonly string[]) => string,
  ask: (words: string) => readonly string[],
  tell: (words: string, answer: string) => readonly string[],
): MadeKind {
  return {
    name,
    lengths: [least, most],
    make: (draw, given) => {
      const words = given ?? row(draw, least, most);
      const [text, answer] = [joined(words), answerOf(words)];
      return { key: text, ask: ask(text), answer, tell: tell(text, answer) };
    },
  };
}

const copy = ofRow(
  "copy",
  [2, 4],
  joined,
  (words) => [`Repeat these words: ${words}`, `Say this again: ${words}`, `Copy the words ${words}`],
  (words) => [`Anna says ${words} and Tom says ${words} too.`, `Once more ${words}, once more ${words}.`],
);

const reverse = ofRow(
  "reverse",
  [2, 3],
  (words) => joined([...words].reverse()),
  (words) => [`Reverse the order: ${words}`, `Write these words backward: ${words}`, `Turn around the words ${words}`],
  (words, answer) => [`Forward it is ${words} and backward ${answer}.`, `From the other side ${words} is ${answer}.`],
);

const capitals = ofRow(
  "capitals",
  [1, 3],
  (words) => joined(words).toUpperCase(),
  (words) => [`Write in capitals: ${words}`, `Make the letters large: ${words}`, `Change to upper case: ${words}`],
  (words, answer) => [`In capitals ${words} is ${answer}.`, `Anna whispers ${words} and Tom shouts ${answer}.`],
);

const countWords = ofRow(
  "count words",
  [1, 6],
  (words) => String(words.length),
  (words) => [
    `How many words are there: ${words}`,
    `Count the words: ${words}`,
    `What is the number of words in ${words}`,
  ],
  (words, answer) => [`The row ${words} has the length ${answer}.`, `As words ${words} are ${answer}.`],
);

const firstWord = ofRow(
  "first word",
  [2, 5],
  (words) => words[0]!,
  (words) => [
    `What is the first word: ${words}`,
    `Give the word at the beginning of ${words}`,
    `Which word starts ${words}`,
  ],
  (words, answer) => [`The row ${words} begins with ${answer}.`, `In front of ${words} stands ${answer}.`],
);

const lastWord = ofRow(
  "last word",
  [2, 5],
  (words) => words.at(-1)!,
  (words) => [`What is the last word: ${words}`, `Give the word at the end of ${words}`, `Which word closes ${words}`],
  (words, answer) => [`The row ${words} ends with ${answer}.`, `At the back of ${words} stands ${answer}.`],
);

const sort = ofRow(
  "sort",
  [2, 2],
  (words) => joined(words.toSorted()),
  (words) => [
    `Sort by the alphabet: ${words}`,
    `Put in the order of the alphabet: ${words}`,
    `Order these words: ${words}`,
  ],
  (words, answer) => [`By the alphabet ${words} is ${answer}.`, `A lexicon has ${words} as ${answer}.`],
);

const replace: MadeKind = {
  name: "replace",
  make: (draw) => {
    const [other, ...words] = some(things, 4, draw) as [string, string, string, string];
    const old = words[draw.below(words.length)]!;
    const [given, answer] = [joined(words), joined(words.map((word) => (word === old ? other : word)))];
    return {
      key: `${given}, ${old}, ${other}`,
      ask: [
        `Replace ${old} by ${other}: ${given}`,
        `Put ${other} for ${old} in ${given}`,
        `Use ${other} instead of ${old}: ${given}`,
      ],
      answer,
      tell: [
        `With ${other} for ${old} the row ${given} is ${answer}.`,
        `When ${old} becomes ${other}, ${given} is ${answer}.`,
      ],
    };
  },
};

const add: MadeKind = {
  name: "add",
  make: (draw) => {
    const [a, b] = [draw.below(10), draw.below(10)];
    const answer = String(a + b);
    return {
      key: `${a} ${b}`,
      ask: [`Add ${a} and ${b}`, `What is ${a} plus ${b}`, `Give the sum of ${a} and ${b}`],
      answer,
      tell: [`So ${a} and ${b} make ${answer}.`, `With ${a} in one hand and ${b} in the other there are ${answer}.`],
    };
  },
};

const compare: MadeKind = {
  name: "compare",
  make: (draw) => {
    const [a, b] = some([...Array(20).keys()], 2, draw) as [number, number];
    const [less, more] = a < b ? [a, b] : [b, a];
    return {
      key: `${a} ${b}`,
      ask: [`Which is larger: ${a} or ${b}`, `Give the larger number of ${a} and ${b}`, `What is more: ${a} or ${b}`],
      answer: String(more),
      tell: [
        `Of ${a} and ${b} the greater one is ${more}.`,
        `Between ${a} and ${b} Tom takes the most, ${more}.`,
        `Now ${less} is below ${more}.`,
      ],
    };
  },
};

/** What is told of each of three, in an order that is drawn. */
const inTurn = (draw: Random): ((tell: (one: number) => string) => string) => {
  const order = shuffle([0, 1, 2], draw);
  return (tell) => order.map(tell).join(", ");
};

const pickByColor: MadeKind = {
  name: "pick by color",
  make: (draw) => {
    const [of, names] = [some(things, 3, draw), some(colors, 3, draw)];
    const at = draw.below(3);
    const list = of.map((thing, i) => `${names[i]!} ${thing}`).join(", ");
    const [color, answer] = [names[at]!, of[at]!];
    const all = inTurn(draw);
    return {
      key: `${list}, ${color}`,
      ask: [`Which thing is ${color}: ${list}`, `Name the ${color} thing: ${list}`, `What is ${color} among ${list}`],
      answer,
      tell: [
        `Here are ${list} and what has the color ${all((one) => `${names[one]!} is the ${of[one]!}`)}.`,
        `Anna has ${list} and gives away the ${all((one) => `${names[one]!} ${of[one]!}`)}.`,
      ],
    };
  },
};

const lookUp: MadeKind = {
  name: "opposite by a table",
  make: (draw) => {
    const words = some(things, 6, draw);
    const at = draw.below(3);
    const table = [0, 1, 2].map((i) => `${words[2 * i]!} - ${words[2 * i + 1]!}`).join(", ");
    const [of, answer] = [words[2 * at]!, words[2 * at + 1]!];
    const all = inTurn(draw);
    return {
      key: `${table}, ${of}`,
      ask: [
        `In the table ${table} what is opposite to ${of}`,
        `Opposites: ${table}. What is that of ${of}`,
        `Find the partner of ${of}: ${table}`,
      ],
      answer,
      tell: [
        `The pairs are ${table} and ${all((one) => `next to ${words[2 * one]!} is ${words[2 * one + 1]!}`)}.`,
        `By ${table} ${all((one) => `whoever meets ${words[2 * one]!} meets ${words[2 * one + 1]!}`)}.`,
      ],
    };
  },
};

const series: MadeKind = {
  name: "continue a series",
  make: (draw) => {
    const [step, start] = [1 + draw.below(4), draw.below(8)];
    const numbers = [0, 1, 2, 3].map((i) => start + i * step);
    const [given, answer] = [numbers.slice(0, 3).join(" "), String(numbers[3]!)];
    return {
      key: given,
      ask: [`Continue the series: ${given}`, `What comes next: ${given}`, `Give the number after ${given}`],
      answer,
      tell: [`In steps of ${step} one counts ${given} ${answer}.`, `The stairs ${given} lead to ${answer}.`],
    };
  },
};

const countLetters: MadeKind = {
  name: "count a letter",
  make: (draw) => {
    const [one, ...others] = some(letters, 3, draw) as [string, string, string];
    const length = 2 + draw.below(4);
    const list = Array.from({ length }, () => (draw.below(2) === 0 ? one : others[draw.below(2)]!));
    const [given, answer] = [joined(list), String(list.filter((letter) => letter === one).length)];
    return {
      key: `${given}, ${one}`,
      ask: [
        `How often is ${one} in ${given}`,
        `Count the letter ${one}: ${given}`,
        `How many times does ${one} stand in ${given}`,
      ],
      answer,
      tell: [
        `The letter ${one} comes ${answer} times in ${given}, so ${answer}.`,
        `Of ${given} the letter ${one} makes up ${answer}.`,
      ],
    };
  },
};

/** All kinds. */
export const madeKinds: readonly MadeKind[] = [
  ...[copy, reverse, capitals, countWords, firstWord, lastWord, sort, replace],
  ...[add, compare, pickByColor, lookUp, series, countLetters],
];
