/** What every view is given: where numbers come from, which model, and the one selection. */
import { getContext, setContext } from "svelte";
import type { AnswerOf, QuestionOf } from "heed/inspect";
import type { AskOptions, ModelEntry, Source } from "../source/source.ts";
import type { Change } from "./change.ts";
import type { Place } from "./place.svelte.ts";

export type Summary = AnswerOf<"summary">;
export type Reading = AnswerOf<"reading">;
type Values = Readonly<Record<string, string>>;

/** What is chosen. Numbers count from 0. */
export class Selection {
  readonly #values: () => Values;
  readonly #change: (change: Change, options?: { readonly replace?: boolean }) => void;

  constructor(values: () => Values, change: (change: Change, options?: { readonly replace?: boolean }) => void) {
    this.#values = values;
    this.#change = change;
  }

  get model(): string | undefined {
    return this.#values()["model"];
  }
  get text(): string {
    return this.#values()["text"] ?? "";
  }
  /** What a decoder writes; undefined for the model's own answer. */
  get target(): string | undefined {
    return this.#values()["target"];
  }
  get pair(): string | undefined {
    return this.#values()["pair"];
  }
  get group(): string | undefined {
    return this.#values()["group"];
  }
  get layer(): number {
    return this.number("layer") ?? 0;
  }
  get head(): number {
    return this.number("head") ?? 0;
  }
  /** Chosen tokens of the axis that looks (the text, or what is written). */
  get tokens(): readonly number[] {
    return this.numbers("tokens");
  }
  /** Chosen tokens of the axis that is looked at, where it is another one. */
  get keys(): readonly number[] {
    return this.numbers("keys");
  }
  /** Whether tokens are merged to words. */
  get words(): boolean {
    return this.#values()["words"] === "true";
  }
  /** A value of a view's own, by its name in the address. */
  get(name: string): string | undefined {
    return this.#values()[name];
  }
  number(name: string): number | undefined {
    const value = this.#values()[name];
    return value === undefined || value === "" || !Number.isFinite(Number(value)) ? undefined : Number(value);
  }
  numbers(name: string): readonly number[] {
    return (this.#values()[name] ?? "")
      .split(",")
      .filter((text) => text !== "")
      .map(Number)
      .filter(Number.isInteger);
  }
  /** What the model reads, as queries take it. */
  get reading(): QuestionOf<"reading"> {
    const { text, target, pair } = this;
    const ids = this.numbers("ids");
    const image = this.get("image") === undefined ? undefined : images.get(this.get("image")!)?.data;
    return {
      text,
      ...(target !== undefined && { target }),
      ...(pair !== undefined && { pair }),
      ...(ids.length > 0 && { ids: [...ids] }),
      ...(image !== undefined && { image }),
    };
  }

  set(change: Change, options?: { readonly replace?: boolean }): void {
    this.#change(change, options);
  }
  /** Chooses a token, or gives it free again; `more` keeps those that are chosen. */
  toggle(
    token: number,
    { more = false, name = "tokens" }: { readonly more?: boolean; readonly name?: string } = {},
  ): void {
    const chosen = this.numbers(name);
    const others = more ? chosen.filter((one) => one !== token) : [];
    this.set({ [name]: chosen.includes(token) ? others : [...others, token].sort((a, b) => a - b) });
  }
}

/** Whether there is something to read: a model with a tokenizer waits for a text. */
export const isReady = ({ reads }: Summary, { text }: Pick<Selection, "text">): boolean =>
  !reads.text || !reads.tokenizer || text !== "";

/** Images by the names that the address has for them: too large to be in it themselves. */
export const images = new Map<string, { readonly data: string; readonly address: string }>();

/** The page's state, shared by all views. */
export class Studio {
  readonly source: Source;
  readonly place: Place;
  models = $state.raw<readonly ModelEntry[]>([]);
  summary = $state.raw<Summary | undefined>();
  connected = $state(true);
  /** Announced to screen readers, and shown for a moment. */
  notice = $state("");

  constructor(source: Source, place: Place) {
    this.source = source;
    this.place = place;
    source.onConnection((connected) => {
      this.connected = connected;
      this.notice = connected ? "Connected again." : "The connection is lost. Trying again …";
    });
  }
}

/** What a view sees: the studio, and the selection of its column, which for a pinned column is the pinned one. */
export interface ViewContext {
  readonly studio: Studio;
  readonly selection: Selection;
  /** Of the selection's model. */
  readonly summary: Summary;
  /** Whether this column is the one that was pinned. */
  readonly pinned: boolean;
  readonly ask: <N extends Parameters<Source["ask"]>[1]>(
    name: N,
    question: QuestionOf<N>,
    options?: AskOptions,
  ) => Promise<AnswerOf<N>>;
}

const KEY = Symbol("view");

/** Gives the views below their context. */
export function provideView(context: Omit<ViewContext, "summary"> & { readonly summary: Summary | undefined }): void {
  setContext(KEY, context);
}

/** The context of the view that calls it, while it is made. */
export function viewContext(): ViewContext {
  return getContext<ViewContext>(KEY);
}

/** The context of a view of runs, whose model may not be there yet. */
export function runContext(): Omit<ViewContext, "summary"> & { readonly summary: Summary | undefined } {
  return getContext<ViewContext>(KEY);
}

/**
 * A selection of its own within the address: that which was pinned, under `pin`. Changes go where it came from. Where the
 * address has none, it says what `otherwise` does.
 */
export function selectionUnder(
  { place }: Pick<Studio, "place">,
  name: () => string,
  otherwise: () => Values = () => ({}),
): Selection {
  const values = (): Values => {
    const text = place.get(name());
    return text === undefined ? otherwise() : Object.fromEntries(new URLSearchParams(text));
  };
  return new Selection(values, (change, options) => {
    const next = new URLSearchParams(values());
    for (const [key, value] of Object.entries(change)) {
      const text = Array.isArray(value) ? value.join(",") : String(value ?? "");
      if (text === "") next.delete(key);
      else next.set(key, text);
    }
    place.set({ [name()]: next.toString() }, options);
  });
}
