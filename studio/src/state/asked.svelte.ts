/** An answer that follows its question: asked anew when the question changes, and the old one given up. */
import type { AnswerOf, QueryName, QuestionOf } from "heed/inspect";
import type { ViewContext } from "./studio.svelte.ts";

/** The state of a question. */
export interface Asked<N extends QueryName> {
  /** The last answer; it stays while the next one is on its way. */
  readonly value: AnswerOf<N> | undefined;
  readonly error: Error | undefined;
  readonly loading: boolean;
  readonly progress: { readonly done: number; readonly total: number; readonly what: string } | undefined;
  /** Gives the question up. */
  readonly cancel: () => void;
}

/**
 * Asks `name` with what `question` gives, again whenever that changes; undefined asks nothing. To be called while a
 * component is made. With `long`, progress is listened to.
 */
export function asked<N extends QueryName>(
  { ask }: Pick<ViewContext, "ask">,
  name: N,
  question: () => QuestionOf<N> | undefined,
  { long = false }: { readonly long?: boolean } = {},
): Asked<N> {
  let value = $state.raw<AnswerOf<N> | undefined>();
  let error = $state.raw<Error | undefined>();
  let loading = $state(false);
  let progress = $state.raw<Asked<N>["progress"]>();
  let controller: AbortController | undefined;
  let before: string | undefined;
  const key = $derived(JSON.stringify(question()));

  $effect(() => {
    const text = key;
    if (text === before) return;
    before = text;
    controller?.abort();
    controller = undefined;
    if (text === undefined) {
      [value, error, loading] = [undefined, undefined, false];
      return;
    }
    const own = (controller = new AbortController());
    loading = true;
    progress = undefined;
    const told = long
      ? { progress: (done: number, total: number, what: string) => void (progress = { done, total, what }) }
      : {};
    ask(name, JSON.parse(text) as QuestionOf<N>, { signal: own.signal, ...told }).then(
      (found) => {
        if (!own.signal.aborted) [value, error, loading] = [found, undefined, false];
      },
      (reason: unknown) => {
        if (!own.signal.aborted) {
          [error, loading] = [reason instanceof Error ? reason : new Error(String(reason)), false];
        }
      },
    );
  });
  $effect(() => () => controller?.abort());

  return {
    get value() {
      return value;
    },
    get error() {
      return error;
    },
    get loading() {
      return loading;
    },
    get progress() {
      return progress;
    },
    cancel: () => {
      controller?.abort();
      loading = false;
    },
  };
}
