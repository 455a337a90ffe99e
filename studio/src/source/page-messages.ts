/** What the page and the worker that computes in it tell each other. */

/** To the worker: a model's files, a question, or that nobody waits for an answer any more. */
export type ToPageWorker =
  | {
      readonly kind: "open";
      readonly id: number;
      readonly model: string;
      readonly files: ReadonlyMap<string, Uint8Array>;
    }
  | {
      readonly kind: "ask";
      readonly id: number;
      readonly model: string;
      readonly query: string;
      readonly question: unknown;
    }
  | { readonly kind: "stop"; readonly id: number };

/** From the worker. */
export type FromPageWorker =
  | { readonly id: number; readonly progress: readonly [done: number, total: number, what: string] }
  /** As `encodeAnswer` writes it; without bytes for a model that was opened. */
  | { readonly id: number; readonly answer: Uint8Array | undefined }
  | { readonly id: number; readonly failure: { readonly name: string; readonly message: string } };
