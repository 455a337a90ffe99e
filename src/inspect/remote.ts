/** Asks a studio's server: the same questions and answers as `ask`, over HTTP. For pages and for Node. */
import { CheckpointError, ConfigError, EngineError, HeedError, InputError, TrainingError } from "../errors/index.ts";
import type { StopSignal } from "../training/index.ts";
import { decodeFrames, STREAM_TYPE } from "./answer-stream.ts";
import { decodeAnswer } from "./codec.ts";
import type { AnswerOf, QueryName, QuestionOf } from "./queries/index.ts";
import type { Answer } from "./query.ts";

/** Which server. */
export interface Server {
  /** `http://127.0.0.1:PORT`; nothing in the page that the server gave, whose cookie has the token. */
  readonly address?: string | undefined;
  readonly token?: string | undefined;
}

/** What goes along with a question. */
export interface AskOptions {
  /** An AbortSignal: when it fires, the server stops the work, and what is awaited throws the signal's reason. */
  readonly signal?: StopSignal | undefined;
  readonly progress?: ((done: number, total: number, what: string) => void) | undefined;
}

/** The server did not answer, or broke off: it may have ended, or the connection was lost. */
export class LostConnection extends HeedError {
  override readonly name = "LostConnection";
}

/**
 * Asks about the model of that id. Throws what the query throws on the server (InputError, ConfigError, …),
 * CheckpointError for a model that is being written, gone or unknown, and LostConnection.
 */
export async function askServer<N extends QueryName>(
  server: Server,
  id: string,
  name: N,
  question: QuestionOf<N>,
  { signal, progress }: AskOptions = {},
): Promise<AnswerOf<N>> {
  const headers: Record<string, string> = { "content-type": "application/json", ...authorized(server) };
  if (progress !== undefined) headers["accept"] = STREAM_TYPE;
  const path = `${server.address ?? ""}/api/models/${encodeURIComponent(id)}/${name}`;
  const aborting = signal === undefined ? {} : { signal: signal as AbortSignal };
  const answer = await reached(signal, async () => {
    const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(question), ...aborting });
    if (!response.ok) throw await errorOf(response);
    const framed = response.headers.get("content-type") === STREAM_TYPE;
    if (!framed) return decodeAnswer(new Uint8Array(await response.arrayBuffer()));
    return answerOf(decodeFrames(piecesOf(response.body!)), progress);
  });
  return answer as AnswerOf<N>;
}

/** The headers that name the token, where it is known. */
function authorized({ token }: Server): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** What fetch throws where nobody answers is a TypeError in every browser, with another message in each. */
async function reached<T>(signal: StopSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HeedError || signal?.aborted === true) throw error;
    throw new LostConnection("The studio's server does not answer. Start it again with heed studio.", { cause: error });
  }
}

async function answerOf(frames: ReturnType<typeof decodeFrames>, progress: AskOptions["progress"]): Promise<Answer> {
  for await (const frame of frames) {
    if (frame.kind === "answer") return decodeAnswer(frame.bytes);
    if (frame.kind === "error") throw named(frame);
    progress?.(frame.done, frame.total, frame.what);
  }
  throw new LostConnection("The studio's server broke off in the middle of an answer. Ask again.");
}

/** Pages cannot loop over a stream everywhere yet. */
async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function errorOf(response: Response): Promise<HeedError> {
  const { status } = response;
  if (status === 401) {
    return new InputError("The studio's server does not know this page. Open the address that heed studio printed.");
  }
  const said = (await response.json().catch(() => undefined)) as
    { error?: { name: string; message: string } } | undefined;
  return named(said?.error ?? { name: "", message: `The studio's server answered with status ${status}.` });
}

const ERRORS = { CheckpointError, ConfigError, EngineError, InputError, TrainingError };

/** The error of that name. */
function named({ name, message }: { readonly name: string; readonly message: string }): HeedError {
  const Known = name in ERRORS ? ERRORS[name as keyof typeof ERRORS] : HeedError;
  return new Known(message);
}
