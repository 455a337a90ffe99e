/**
 * What checks a value that came from outside: a schema of zod, as far as it is used here. Declarations name this type
 * and not zod's own, which need the DOM library.
 */
export interface Schema<T> {
  /** The checked value. Throws zod's own error, which is not for users: see `parseConfig`. */
  parse(value: unknown): T;
  safeParse(
    value: unknown,
  ):
    | { readonly success: true; readonly data: T }
    | { readonly success: false; readonly error: { readonly issues: readonly SchemaIssue[] } };
}

/** One thing that is wrong. */
export interface SchemaIssue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** The unknown keys, where the code is `unrecognized_keys`. */
  readonly keys?: readonly PropertyKey[] | undefined;
  /** The valid values, where the code is `invalid_value`. */
  readonly values?: readonly unknown[] | undefined;
  /** The type that was expected, where the code is `invalid_type`. */
  readonly expected?: string | undefined;
  /** The bound that was passed, where the code is `too_small` or `too_big`, and whether the bound itself is valid. */
  readonly minimum?: number | bigint | undefined;
  readonly maximum?: number | bigint | undefined;
  readonly inclusive?: boolean | undefined;
}
