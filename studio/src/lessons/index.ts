/** The lessons in their order; what is in one is loaded when it is opened. */
import type { Lesson } from "./lesson.ts";

export interface LessonEntry {
  /** In the address: `#/lessons?lesson=attention`. */
  readonly id: string;
  readonly title: string;
  readonly load: () => Promise<{ readonly default: Lesson }>;
}

export const lessons: readonly LessonEntry[] = [
  { id: "attention", title: "Attention", load: () => import("./cards/attention.ts") },
];
