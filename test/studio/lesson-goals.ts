/** What a learner presses where a lesson asks for something to be reached. */
import type { Goals } from "./lesson-keys.ts";

export const goals: Readonly<Record<string, Goals>> = {
  "query-key": {
    0: [
      ["Query, second", "End"],
      ["Query, first", "Home"],
    ],
  },
};
