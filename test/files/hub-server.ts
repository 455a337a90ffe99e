/** A hub of the tests: a web server in this process that answers as huggingface.co does, and misbehaves as told. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** What the hub does with a request before it answers as it should; `true` where it has answered. */
export type Mischief = (request: IncomingMessage, response: ServerResponse, path: string) => boolean;

export interface TestHub {
  readonly endpoint: string;
  readonly files: Map<string, Uint8Array>;
  /** Lines such as "GET gpt/resolve/…/config.json bytes=5-". */
  readonly requests: string[];
  /** The authorization headers that came. */
  readonly tokens: (string | undefined)[];
  mischief: Mischief | undefined;
  /** What the list of files says, after this has changed it. */
  listing: (value: { sha: string; siblings: Record<string, unknown>[] }) => unknown;
  close(): Promise<void>;
}

export async function startHub(
  repo: string,
  contents: Readonly<Record<string, string | Uint8Array>>,
): Promise<TestHub> {
  const files = new Map(
    Object.entries(contents).map(([path, content]) => [
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    ]),
  );
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = decodeURIComponent(request.url ?? "").slice(1);
    hub.requests.push([request.method, path, request.headers.range].filter((one) => one !== undefined).join(" "));
    hub.tokens.push(request.headers.authorization);
    if (hub.mischief?.(request, response, path) === true) return;
    if (path.startsWith(`api/models/${repo}/revision/`)) {
      const siblings = [...files].map(([name, bytes]) => siblingOf(name, bytes));
      response.end(JSON.stringify(hub.listing({ sha: COMMIT, siblings })));
      return;
    }
    const bytes = path.startsWith(`${repo}/resolve/${COMMIT}/`)
      ? files.get(path.slice(`${repo}/resolve/${COMMIT}/`.length))
      : undefined;
    if (bytes === undefined) response.writeHead(404).end();
    else sendBytes(request, response, bytes);
  };
  const server = createServer(answer);
  const endpoint = await listen(server);
  const hub: TestHub = {
    ...{ endpoint, files, requests: [], tokens: [], mischief: undefined, listing: (value) => value },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) =>
        server.close(() => {
          resolve();
        }),
      );
    },
  };
  return hub;
}

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export function sendBytes(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (from > 0 && from >= bytes.length) response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
  else {
    const headers = { "content-length": bytes.length - from };
    const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(from > 0 ? 206 : 200, from > 0 ? { ...headers, ...range } : headers).end(bytes.subarray(from));
  }
}

/** Large files are checked by their SHA-256, small ones by git's SHA-1, as on the hub. */
function siblingOf(name: string, bytes: Uint8Array): Record<string, unknown> {
  const size = bytes.length;
  if (name.endsWith(".safetensors")) {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { rfilename: name, size, blobId: "f".repeat(40), lfs: { sha256, size, pointerSize: 134 } };
  }
  const blobId = createHash("sha1").update(`blob ${size}\0`).update(bytes).digest("hex");
  return { rfilename: name, size, blobId };
}
