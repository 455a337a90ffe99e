/** Which questions the learner has answered, kept in this browser. */

const KEY = "heed lessons";
/** Stands among the cards for the lesson as a whole. */
const WHOLE = -1;

type Answered = Readonly<Record<string, readonly number[]>>;

function stored(): Answered {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (typeof found !== "object" || found === null) return {};
    return Object.fromEntries(
      Object.entries(found).map(([id, cards]) => [id, Array.isArray(cards) ? cards.filter(Number.isInteger) : []]),
    );
  } catch {
    return {};
  }
}

class Progress {
  #answered = $state.raw<Answered>(stored());

  constructor() {
    // Another tab may be learning, too.
    addEventListener("storage", ({ key }) => {
      if (key === KEY) this.#answered = stored();
    });
  }

  /** The cards of a lesson whose questions are answered. */
  of(id: string): readonly number[] {
    return this.#answered[id] ?? [];
  }

  /** Whether all questions of a lesson are answered. */
  done(id: string): boolean {
    return this.of(id).includes(WHOLE);
  }

  answer(id: string, card: number, questions: readonly number[]): void {
    const cards = new Set([...this.of(id), card]);
    if (questions.every((one) => cards.has(one))) cards.add(WHOLE);
    this.#keep({ ...this.#answered, [id]: [...cards] });
  }

  forget(id: string): void {
    this.#keep({ ...this.#answered, [id]: [] });
  }

  #keep(answered: Answered): void {
    this.#answered = answered;
    localStorage.setItem(KEY, JSON.stringify(answered));
  }
}

export const progress = new Progress();
