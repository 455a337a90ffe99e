/** Why a request was not answered: a status, and an error for who asked. */
import { HeedError } from "../errors/index.ts";
import { AskFailure } from "./asker.ts";

/** Statuses that requests are refused with. */
export type RefusalStatus = 400 | 403 | 404 | 409 | 410 | 413 | 500;

/** A request that cannot be answered as it is. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: RefusalStatus;
  /** The class of the error, as the library has it. */
  readonly kind: string;

  constructor(status: RefusalStatus, kind: string, message: string) {
    super(message);
    this.status = status;
    this.kind = kind;
  }
}

/** What a client is told. */
export interface Told {
  readonly status: RefusalStatus;
  readonly error: { readonly name: string; readonly message: string };
}

const USERS = new Set(["InputError", "ConfigError"]);
const DEFECT = "This is a defect in Heed, not in what you gave it. The terminal of the server says more.";

/** What a client is told about an error; `defect` is told what the client is not. */
export function told(error: unknown, defect: (details: string) => void): Told {
  if (error instanceof Refusal) return { status: error.status, error: { name: error.kind, message: error.message } };
  if (error instanceof AskFailure && error.failure.known) return knownError(error.failure);
  if (error instanceof HeedError) return knownError(error);
  defect(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return { status: 500, error: { name: "Error", message: DEFECT } };
}

function knownError({ name, message }: { readonly name: string; readonly message: string }): Told {
  return { status: USERS.has(name) ? 400 : 500, error: { name, message } };
}
