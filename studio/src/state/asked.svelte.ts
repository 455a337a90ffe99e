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
 * component is made. With `long`, progress is listened to; `model` names another model than the selection's, and undefined asks nothing.
 */
export function asked<N extends QueryName>(
  { ask, studio }: Pick<ViewContext, "ask" | "studio">,
  name: N,
  question: () => QuestionOf<N> | undefined,
  { long = false, model }: { readonly long?: boolean; readonly model?: () => string | undefined } = {},
): Asked<N> {
  let value = $state.raw<AnswerOf<N> | undefined>();
  let error = $state.raw<Error | undefined>();
  let loading = $state(false);
  let progress = $state.raw<Asked<N>["progress"]>();
  let controller: AbortController | undefined;
  let before: string | undefined;
  const key = $derived.by(() => {
    const [of, wanted] = [model?.(), question()];
    return wanted === undefined || (model !== undefined && of === undefined) ? undefined : JSON.stringify([of, wanted]);
  });

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
    const [of, wanted] = JSON.parse(text) as [string | null, QuestionOf<N>];
    const options = { signal: own.signal, ...told };
    (of === null ? ask(name, wanted, options) : studio.source.ask(of, name, wanted, options)).then(
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
