/** The routes of the studio's server. */
import { join } from "node:path";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono, type Context } from "hono";
import { diskFolder } from "../files/disk.ts";
import { together } from "../files/index.ts";
import { ANSWER_TYPE, encodeFrame, STREAM_TYPE } from "../inspect/index.ts";
import type { Asker, AskSignal } from "./asker.ts";
import type { Catalogue } from "./catalogue.ts";
import { isolation, knowsToken, sameHost } from "./guard.ts";
import { allQueries, openApi, openApiPage } from "./openapi.ts";
import { Refusal, told } from "./refusal.ts";
import { trainingEvents } from "./training-events.ts";
import { trainingActions, type Trainings } from "./trainings.ts";

/** What the routes stand on. */
export interface AppParts {
  readonly token: string;
  readonly port: () => number;
  readonly catalogue: Catalogue;
  readonly asker: Asker;
  readonly trainings: Trainings;
  readonly version: string;
  /** Folders of files that are given out as they are, by the beginning of their addresses: `/` is the app. */
  readonly assets: Readonly<Record<string, string>>;
  /** Told what clients are not: what went wrong inside. */
  readonly warn: (message: string) => void;
  readonly closed: AbortSignal;
}

/** Bytes that a question may have. */
const LARGEST = 32 * 2 ** 20;

export async function studioApp(parts: AppParts): Promise<Hono> {
  const app = new Hono();
  app.use(isolation());
  app.use(sameHost(parts.port));
  app.use(knowsToken(parts.token, parts.port));
  app.use("/api/*", noStore);
  addApi(app, parts);
  // Longer beginnings first: "/" is the beginning of all.
  const assets = Object.entries(parts.assets).sort(([a], [b]) => b.length - a.length);
  for (const [prefix, folder] of assets) await addFiles(app, prefix, folder);
  app.notFound((context) => refused(context, new Refusal(404, "InputError", "There is nothing here."), parts));
  app.onError((error, context) => refused(context, error, parts));
  return app;
}

async function noStore(context: Context, next: () => Promise<void>): Promise<void> {
  await next();
  context.header("Cache-Control", "no-store");
}

function refused(context: Context, error: unknown, { warn }: AppParts): Response {
  const { status, error: said } = told(error, warn);
  return context.json({ error: said }, status);
}

function addApi(app: Hono, parts: AppParts): void {
  const { catalogue, trainings, version, closed } = parts;
  app.get("/api", (context) => context.html(openApiPage()));
  app.get("/api/", (context) => context.html(openApiPage()));
  app.get("/api/openapi.json", (context) => context.json(openApi(version)));
  app.get("/api/models", async (context) => {
    const models = await catalogue.list();
    const control = await Promise.all(models.map(({ place }) => trainings.stateOf(place)));
    return context.json({ models: models.map((model, i) => ({ ...model, control: control[i]! })) });
  });
  app.get("/api/models/:id/training", (context) =>
    trainingEvents(context, { catalogue, trainings, id: context.req.param("id"), closed }),
  );
  app.post("/api/models/:id/training/:action", async (context) => {
    const action = trainingActions.find((one) => one === context.req.param("action"));
    if (action === undefined) throw new Refusal(404, "InputError", `There is ${trainingActions.join(", ")}.`);
    const { path } = await catalogue.run(context.req.param("id"));
    const branch = await (await trainings.of(path)).act(action, await questionOf(context));
    if (branch === undefined) return context.body(null, 204);
    trainings.add(branch);
    catalogue.add(branch.path);
    return context.json({ id: await catalogue.idOf(branch.path) }, 201);
  });
  app.post("/api/models/:id/:query", (context) =>
    answer(context, { id: context.req.param("id"), query: context.req.param("query") }, parts),
  );
}

async function answer(
  context: Context,
  { id, query }: { readonly id: string; readonly query: string },
  parts: AppParts,
): Promise<Response> {
  if (!Object.hasOwn(allQueries, query)) {
    throw new Refusal(
      404,
      "InputError",
      `There is no query "${query}"; there is ${Object.keys(allQueries).join(", ")}.`,
    );
  }
  const model = await parts.catalogue.find(id);
  const question = await questionOf(context);
  const named = (question as { readonly other?: unknown } | null)?.other;
  const other = typeof named === "string" ? await parts.catalogue.find(named) : undefined;
  const ask = (signal: AskSignal, progress?: (done: number, total: number, what: string) => void) =>
    parts.asker.ask(model, query, question, { signal, progress, other });
  if (context.req.header("accept")?.includes(STREAM_TYPE) === true) return streamed(ask, parts);
  const bytes = await ask(context.req.raw.signal);
  return context.body(bytes, 200, { "Content-Type": ANSWER_TYPE });
}

/** Progress and answer as frames; what was refused before the work began has a status of its own. */
function streamed(
  ask: (signal: AskSignal, progress: (done: number, total: number, what: string) => void) => Promise<Uint8Array>,
  parts: AppParts,
): Response {
  const leave = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      const send = (frame: Parameters<typeof encodeFrame>[0]): void => {
        if (!leave.signal.aborted) controller.enqueue(encodeFrame(frame));
      };
      const work = ask(leave.signal, (done, total, what) => {
        send({ kind: "progress", done, total, what });
      });
      void work
        .then(
          (bytes) => {
            send({ kind: "answer", bytes });
          },
          (error: unknown) => {
            send({ kind: "error", ...told(error, parts.warn).error });
          },
        )
        .finally(() => {
          if (!leave.signal.aborted) controller.close();
        });
    },
    cancel: () => {
      leave.abort();
    },
  });
  return new Response(body, { headers: { "Content-Type": STREAM_TYPE } });
}

/** The JSON of a request, {} where it has no body. Throws Refusal: 413 where it is too long, 400 where it is no JSON. */
async function questionOf({ req: { raw } }: Context): Promise<unknown> {
  const text = await bodyOf(raw);
  try {
    return text === "" ? {} : (JSON.parse(text) as unknown);
  } catch {
    throw new Refusal(400, "InputError", "The question is not JSON. Send an object such as {}.");
  }
}

/** hono/body-limit needs a global Request of its own, which a library must not set. */
async function bodyOf({ body, headers }: Request): Promise<string> {
  const tooLong = new Refusal(
    413,
    "InputError",
    "The question has more than 32 MB. Send a smaller image or a shorter text.",
  );
  if (Number(headers.get("content-length") ?? 0) > LARGEST) throw tooLong;
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += piece.length;
    if (length > LARGEST) throw tooLong;
    pieces.push(piece);
  }
  return new TextDecoder().decode(await together(pieces));
}

/** Files of a folder; those whose names hold a hash of their contents never change. */
async function addFiles(app: Hono, prefix: string, folder: string): Promise<void> {
  if ((await diskFolder(folder).kind("")) !== "folder") {
    if (prefix === "/") app.get("/", (context) => context.text("The page is not built. Build it: npm run build", 404));
    return;
  }
  const start = prefix === "/" ? "" : prefix.replace(/\/$/, "");
  const hashed = /-[\w-]{8}\.\w+$/;
  app.use(`${start}/*`, async (context, next) => {
    await next();
    const forever = hashed.test(context.req.path) && context.res.ok;
    if (!context.req.path.startsWith("/api"))
      context.header("Cache-Control", forever ? "max-age=31536000, immutable" : "no-cache");
  });
  app.use(
    `${start}/*`,
    serveStatic({ root: join(folder), rewriteRequestPath: (path) => path.slice(start.length) || "/" }),
  );
}
