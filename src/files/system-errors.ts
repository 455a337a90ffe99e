import { HeedError, InputError } from "../errors/index.ts";

/** What was tried when the system refused. */
export type Action = "read" | "written" | "removed" | "listed" | "locked";

/**
 * Turns what the system threw into a sentence about `shown`. Heed's own errors and errors that are not the system's
 * pass as they are.
 */
export function explained(error: unknown, action: Action, shown: string): unknown {
  const code = codeOf(error);
  if (error instanceof HeedError || code === undefined) return error;
  const detail = error instanceof Error ? error.message : code;
  return new InputError(sentence(code, action, shown, detail), { cause: error });
}

/** The system's name of an error, such as "ENOENT"; undefined for any other error. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}

function sentence(code: string, action: Action, shown: string, detail: string): string {
  switch (code) {
    case "ENOENT":
      return `${shown} does not exist. Check the path.`;
    case "EISDIR":
      return `${shown} is a folder where a file was expected. Name a file in it.`;
    case "ENOTDIR":
      return `${shown} cannot be ${action}: a part of this path is a file, not a folder. Check the path.`;
    case "EACCES":
    case "EPERM":
      return `${shown} may not be ${action}: permission denied. Change its permissions or choose another place.`;
    case "EROFS":
      return `${shown} cannot be ${action}: the file system is read-only. Choose another place.`;
    case "ENOSPC":
    case "EDQUOT":
      return `The disk is full: ${shown} could not be ${action}. What was saved before is intact. Free some space and try again.`;
    case "EFBIG":
      return `${shown} could not be ${action}: the file system or a limit allows no file of this size. What was saved before is intact.`;
    case "EMFILE":
    case "ENFILE":
      return `${shown} could not be ${action}: too many files are open. Raise the limit (ulimit -n) and try again.`;
    case "ENAMETOOLONG":
      return `${shown} could not be ${action}: the name is too long. Choose a shorter one.`;
    default:
      return `${shown} could not be ${action}: ${detail}.`;
  }
}
