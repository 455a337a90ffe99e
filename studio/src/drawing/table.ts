/** Rows of a table, with a name for each column: what a picture says, in numbers. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}
