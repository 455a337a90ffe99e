/** A change of what the address says; undefined takes a value away. */
export type Change = Readonly<Record<string, string | number | readonly number[] | boolean | undefined>>;
