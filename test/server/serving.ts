/** What the tests of the server share: a server over folders of their own, and requests that know its token. */
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { cp, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { afterAll } from "vitest";
import { startStudio, type Studio, type StudioOptions } from "../../src/server/index.ts";
import { files, smallModel } from "../cli/heed.ts";

const opened: Studio[] = [];
afterAll(() => Promise.all(opened.map((studio) => studio.close())));

/** A server, which the end of the tests closes. */
export async function serve(options: StudioOptions): Promise<Studio & { readonly warnings: string[] }> {
  const warnings: string[] = [];
  const engine = { threads: 1, worker: false };
  const studio = await startStudio({ engine, warn: (message) => warnings.push(message), ...options });
  opened.push(studio);
  return { ...studio, warnings };
}

/** A place with a model in it, and the path of whatever is to lie there. */
export async function placeWithModel(name = "model"): Promise<(path: string) => string> {
  const at = await files();
  const { path } = await smallModel();
  await mkdir(at("place"), { recursive: true });
  await cp(path, at(`place/${name}`), { recursive: true });
  return (inner) => (inner === "" ? at("place") : at(`place/${inner}`));
}

/** Copies a model folder. */
export async function copyModel(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, { recursive: true });
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Uint8Array;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Default: the server's own. */
  readonly token?: string | undefined;
}

/** A request as a program may send it, with any Host and Origin: fetch would not let it. */
export function request(studio: Pick<Studio, "port" | "token">, path: string, asked: Asked = {}): Promise<Reply> {
  const token = "token" in asked ? asked.token : studio.token;
  const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...asked.headers };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { host: "127.0.0.1", port: studio.port, path, method: asked.method ?? "GET", headers, agent: false },
      (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("end", () => {
          const bytes = Buffer.concat(pieces);
          resolve({ status: response.statusCode!, headers: response.headers, text: bytes.toString("utf8"), bytes });
        });
      },
    );
    sent.on("error", reject);
    sent.end(asked.body);
  });
}

/** Asks a question; the body is JSON. */
export function ask(studio: Studio, model: string, query: string, question: unknown = {}): Promise<Reply> {
  const path = `/api/models/${encodeURIComponent(model)}/${query}`;
  return request(studio, path, { method: "POST", body: JSON.stringify(question) });
}

/** The name and message of a refusal. */
export function errorIn({ text }: Reply): { readonly name: string; readonly message: string } {
  return (JSON.parse(text) as { error: { name: string; message: string } }).error;
}
