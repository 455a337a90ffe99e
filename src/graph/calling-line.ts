import { GraphError } from "../errors/index.ts";

/** An error of the model's function: the message, and the line of the model that asked. */
export function modelError(message: string): GraphError {
  // Layers call layers, so the model's line may lie deeper than the ten frames that a stack trace has by default.
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  const line = callingLine(new Error().stack);
  Error.stackTraceLimit = before;
  return new GraphError(line === undefined ? message : `${message}\n    asked for at ${line}`);
}

/** The first line of a stack trace that is not in the rooms where ops and layers live. */
function callingLine(stack: string | undefined): string | undefined {
  const line = stack
    ?.split("\n")
    .find((text) => /^\s+at .*:\d+:\d+\)?$/.test(text) && !/[\\/](src|dist)[\\/](graph|nn)[\\/]/.test(text));
  return line?.replace(/^\s+at /, "");
}
