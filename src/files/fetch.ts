import { InputError } from "../errors/index.ts";
import type { Entry, Kind, ReadableFolder } from "./folder.ts";
import { rangeError } from "./folder.ts";

/**
 * A folder behind a web address, such as "https://example.org/models/fr-en". It can only be read, and not listed.
 * @throws InputError where the address is not one of http or https
 */
export function fetchFolder(address: string): ReadableFolder {
  const folder = address.endsWith("/") ? address : `${address}/`;
  if (!/^https?:/i.test(address) || !URL.canParse(folder)) {
    throw new InputError(`"${address}" is not a web address. Write one that begins with https:// or http://.`);
  }
  return new FetchFolder(new URL(folder));
}

class FetchFolder implements ReadableFolder {
  readonly #base: URL;

  constructor(base: URL) {
    this.#base = base;
  }

  describe(path = ""): string {
    return this.#url(path).href;
  }

  at(path: string): ReadableFolder {
    return new FetchFolder(this.#url(path.endsWith("/") ? path : `${path}/`));
  }

  async kind(path: string): Promise<Kind | undefined> {
    const { status } = await this.#ask(path, { method: "HEAD" }, [404, 410]);
    return status === 404 || status === 410 ? undefined : "file";
  }

  async size(path: string): Promise<number> {
    const head = await this.#ask(path, { method: "HEAD" });
    const length = head.headers.get("content-length");
    // With an encoding the length is that of the encoded bytes; an answer to a range has none.
    if (length !== null && !isEncoded(head)) return Number(length);
    const part = await this.#ask(path, { headers: { range: "bytes=0-0" } }, [416]);
    await part.body?.cancel();
    const total = /\/(\d+)$/.exec(part.headers.get("content-range") ?? "")?.[1] ?? part.headers.get("content-length");
    if (total === null || isEncoded(part)) {
      throw new InputError(
        `${this.describe(path)}: the server does not tell the file's size. Download the file first.`,
      );
    }
    return Number(total);
  }

  async read(path: string): Promise<Uint8Array> {
    const response = await this.#ask(path);
    return new Uint8Array(await this.#body(path, response.arrayBuffer()));
  }

  async readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
    const shown = this.describe(path);
    if (length === 0) return new Uint8Array(0);
    const range = `bytes=${offset}-${offset + length - 1}`;
    const response = await this.#ask(path, { headers: { range } }, [416]);
    if (response.status === 416) throw rangeError(shown, offset, length, await this.size(path));
    // A server that knows no ranges (200) sends the whole file from its beginning.
    let skip = response.status === 206 ? 0 : offset;
    const bytes = new Uint8Array(length);
    let done = 0;
    for await (const piece of this.#pieces(path, response)) {
      const wanted = piece.subarray(Math.min(skip, piece.length)).subarray(0, length - done);
      skip -= Math.min(skip, piece.length);
      bytes.set(wanted, done);
      done += wanted.length;
      if (done === length) return bytes;
    }
    throw rangeError(shown, offset, length, Math.max(0, offset - skip) + done);
  }

  async *readStream(path: string): AsyncGenerator<Uint8Array> {
    yield* this.#pieces(path, await this.#ask(path));
  }

  list(path = ""): Promise<Entry[]> {
    return Promise.reject(
      new InputError(`${this.describe(path)}: a web server does not tell what is in a folder. Name the file.`),
    );
  }

  #url(path: string): URL {
    // "#", "?" and "%" in a file's name are part of the name.
    return new URL(path.split("/").map(encodeURIComponent).join("/"), this.#base);
  }

  async #ask(path: string, init: RequestInit = {}, allowed: readonly number[] = []): Promise<Response> {
    const shown = this.describe(path);
    let response: Response;
    try {
      response = await fetch(this.#url(path), init);
    } catch (error) {
      throw unreachable(shown, error);
    }
    if (response.ok || allowed.includes(response.status)) return response;
    await response.body?.cancel();
    if (response.status === 404 || response.status === 410) {
      throw new InputError(`${shown} does not exist (the server answered ${response.status}). Check the address.`);
    }
    throw new InputError(
      `${shown} could not be fetched: the server answered ${response.status} ${response.statusText}. ` +
        `Check the address, or try again later.`,
    );
  }

  async *#pieces(path: string, response: Response): AsyncGenerator<Uint8Array> {
    if (response.body === null) return;
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    try {
      for (;;) {
        const { done, value } = await this.#body(path, reader.read());
        if (done) return;
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => undefined);
    }
  }

  async #body<T>(path: string, reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      throw unreachable(this.describe(path), error);
    }
  }
}

function isEncoded(response: Response): boolean {
  return (response.headers.get("content-encoding") ?? "identity") !== "identity";
}

function unreachable(shown: string, error: unknown): InputError {
  const cause = error instanceof Error ? (error.cause instanceof Error ? error.cause : error).message : String(error);
  return new InputError(
    `${shown} could not be fetched: ${cause || "no answer"}. Check the address and the connection, and try again.`,
    { cause: error },
  );
}
