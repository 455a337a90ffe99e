/** What a lesson is: cards that are data, drawn by one component. Every number in them comes from the lesson's model. */
import type { ScaleName } from "heed/figures";
import type { Table } from "../drawing/table.ts";
import type { ModelEntry, Source } from "../source/source.ts";
import type { Change } from "../state/change.ts";
import type { Work } from "./models/work.ts";

/** What the learner has set with a card's controls, by name. A choice is the place of its option. */
export type Settings = Readonly<Record<string, number | string>>;

/** What a card shows. */
export type Picture =
  | {
      readonly kind: "heat";
      readonly title: string;
      readonly rows: readonly string[];
      readonly columns: readonly string[];
      /** [rows, columns] */
      readonly values: readonly number[];
      readonly rowTitle: string;
      readonly columnTitle: string;
      readonly scale?: ScaleName;
      readonly range?: readonly [number, number];
    }
  | { readonly kind: "drawing"; readonly title: string; readonly svg: string; readonly table: Table }
  | { readonly kind: "table"; readonly title: string; readonly table: Table };

/** What the learner may move. */
export type Control<R> =
  | {
      readonly kind: "choice";
      readonly name: string;
      readonly label: string;
      /** The place of the option that is chosen at first. Default: 0. */
      readonly first?: number;
      options(result: R): readonly string[];
    }
  | {
      readonly kind: "slider";
      readonly name: string;
      readonly label: string;
      readonly low: number;
      readonly high: number;
      readonly step: number;
      readonly first: number;
    }
  | { readonly kind: "text"; readonly name: string; readonly label: string; readonly first: string };

/** A question whose answer is found in the model's numbers. */
export type Question<R> =
  | {
      readonly kind: "choice";
      ask(result: R): string;
      options(result: R): readonly string[];
      /** The place of the right option, or of all that are equally right. */
      right(result: R): number | readonly number[];
      /** Why it is so, with the numbers. */
      why(result: R): string;
    }
  | { readonly kind: "number"; ask(result: R): string; right(result: R): number; why(result: R): string }
  /** Something to be reached with the controls. */
  | {
      readonly kind: "goal";
      ask(result: R): string;
      met(result: R, settings: Settings): boolean | Promise<boolean>;
      why(result: R): string;
    };

export interface Card<R> {
  readonly title: string;
  text(result: R): readonly string[];
  /** Whether it can be read before the model is there; then it gets no result. */
  readonly free?: boolean;
  readonly controls?: readonly Control<R>[];
  picture?(result: R, settings: Settings): Picture | Promise<Picture>;
  readonly question?: Question<R>;
  /** The view that shows the same for a model of the studio, with what is chosen there. */
  view?(result: R): { readonly id: string; readonly title: string; readonly chosen: Change } | undefined;
}

/** What a lesson may use beside its own models: those that the studio was opened on. */
export interface LessonContext {
  readonly source: Source;
  readonly models: readonly ModelEntry[];
}

export interface Lesson<R = unknown> {
  /** What is made on the spot, in a sentence; undefined where nothing is trained and all is there at once. */
  readonly trains?: string;
  make(work: Work, context: LessonContext): Promise<R>;
  readonly cards: readonly Card<R>[];
}

/** Gives a lesson its type. */
export const lesson = <R>(given: Lesson<R>): Lesson => given;
