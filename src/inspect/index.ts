/** What can be asked of a model that is looked into: the studio, its server, reports and `heed inspect` ask the same. */
export { decodeFrames, encodeFrame, STREAM_TYPE, type Frame } from "./answer-stream.ts";
export { ANSWER_TYPE, decodeAnswer, encodeAnswer } from "./codec.ts";
export { weightChanges, type ParameterSource, type PartChange, type WeightChanges } from "./changes.ts";
export { ask, query, type Answer, type Query, type QueryContext } from "./query.ts";
export { queries, type AnswerOf, type QueryName, type QuestionOf } from "./queries/index.ts";
export { read, readingInput, testCard, type Axis, type Reading, type ReadingInput } from "./reading.ts";
export { askServer, LostConnection, type AskOptions, type Server } from "./remote.ts";
export { modelSubject, openSubject, readInputs, translatorSubject, type Subject } from "./subject.ts";
