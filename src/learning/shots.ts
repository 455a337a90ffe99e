/** Which rows are shown before a question, and in which order. */
import { InputError } from "../errors/index.ts";
import { random, shuffle } from "../random/index.ts";
import { labelOf, type PromptTask } from "./prompt-task.ts";

/** How shots are drawn. */
export interface ShotOptions {
  readonly seed: number;
  /** Whether each label is shown as often as any other, but for one. */
  readonly balance: boolean;
  /** The number of the order: 0 is as drawn, each other one its own permutation. */
  readonly order: number;
}

/**
 * Draws the shots for each question. With the same seed more shots are the fewer ones and further ones, and all
 * questions have the same, unless there are groups, or shots and questions are the same rows.
 */
export class ShotDrawer {
  readonly #task: PromptTask;
  readonly #labels: readonly string[];
  readonly #groups = new Map<string, number[]>();

  constructor(task: PromptTask) {
    this.#task = task;
    this.#labels = task.shots.map((row) => labelOf(task, row));
    for (const index of task.shots.keys()) {
      const group = this.#groupOf(task.shots[index]!);
      this.#groups.set(group, [...(this.#groups.get(group) ?? []), index]);
    }
  }

  #groupOf(row: PromptTask["shots"][number]): string {
    const { group } = this.#task.config;
    return group === undefined ? "" : JSON.stringify(row.get(group) ?? null);
  }

  /** The numbers of the rows shown before a question. Throws InputError where there are not so many. */
  draw(query: number, count: number, { seed, balance, order }: ShotOptions): number[] {
    const { config, queries, same } = this.#task;
    const group = this.#groupOf(queries[query]!);
    const pool = (this.#groups.get(group) ?? []).filter((index) => !(same && index === query));
    if (pool.length < count) {
      const where = config.group === undefined ? "" : ` of its group (${config.group} ${group})`;
      throw new InputError(
        `${count} shots are asked for, and there are ${pool.length} rows${where} to show. Give more rows, or fewer shots.`,
      );
    }
    // One draw for all, from which a question leaves itself out, or one draw a group and question.
    const stream = config.group === undefined ? [] : [query];
    const whole = config.group === undefined ? (this.#groups.get(group) ?? []) : pool;
    const drawn = this.#ordered(whole, balance, seed, stream).filter(
      (index) => pool.length === whole.length || index !== query,
    );
    const shots = drawn.slice(0, count);
    return order === 0 ? shots : shuffle(shots, random(seed, "order", order, count, ...stream));
  }

  /** All rows in the order in which they are shown: mixed, or a label after the other in turn. */
  #ordered(pool: readonly number[], balance: boolean, seed: number, stream: readonly number[]): number[] {
    const generator = random(seed, "shots", ...stream);
    const mixed = shuffle([...pool], generator);
    if (!balance) return mixed;
    const byLabel = new Map<string, number[]>();
    for (const index of mixed) {
      const label = this.#labels[index]!;
      byLabel.set(label, [...(byLabel.get(label) ?? []), index]);
    }
    const ordered: number[] = [];
    const queues = [...byLabel.keys()].sort().map((label) => byLabel.get(label)!);
    while (ordered.length < mixed.length) {
      for (const queue of shuffle([...queues], generator)) {
        const next = queue.shift();
        if (next !== undefined) ordered.push(next);
      }
    }
    return ordered;
  }
}
