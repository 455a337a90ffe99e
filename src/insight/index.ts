/** What a model does inside, as numbers. */
export { recordNames, recordsOf, type RecordNames } from "./records.ts";
