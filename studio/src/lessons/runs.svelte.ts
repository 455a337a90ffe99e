/** The models of lessons while they are made, and what came of them: it stays while the page does. */
import { Stopped } from "heed";
import { pageEngine } from "../source/page-engine.ts";
import type { Lesson, LessonContext } from "./lesson.ts";

/** One lesson's model. */
export class LessonRun {
  state = $state<"idle" | "running" | "done" | "failed">("idle");
  progress = $state.raw({ done: 0, total: 1, what: "Opening the engine" });
  problem = $state("");
  result = $state.raw<unknown>();
  #stop: { aborted: boolean } = { aborted: false };

  /** Makes the model; `told` hears how it ended. */
  async start(lesson: Lesson, context: LessonContext, quick: boolean, told: (message: string) => void): Promise<void> {
    if (this.state === "running") return;
    const stop = (this.#stop = { aborted: false });
    this.state = "running";
    this.progress = { done: 0, total: 1, what: "Opening the engine" };
    const progress = (done: number, total: number, what: string): void => {
      if (!stop.aborted) this.progress = { done, total, what };
    };
    try {
      this.result = await lesson.make({ engine: pageEngine, quick, seed: 1, stop, progress }, context);
      this.state = "done";
      if (lesson.trains !== undefined) told("Trained. The card shows what came of it.");
    } catch (error) {
      this.state = error instanceof Stopped ? "idle" : "failed";
      this.problem = error instanceof Error ? error.message : String(error);
      told(this.problem);
    }
  }

  cancel(): void {
    this.#stop.aborted = true;
  }

  forget(): void {
    this.cancel();
    this.state = "idle";
    this.result = undefined;
  }
}

const runs = new Map<string, LessonRun>();

/** The run of a lesson; quick ones are apart. */
export function runOf(id: string, quick: boolean): LessonRun {
  const key = `${id} ${quick}`;
  let run = runs.get(key);
  if (run === undefined) runs.set(key, (run = new LessonRun()));
  return run;
}
