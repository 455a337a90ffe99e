/** The description of the interface, made of the queries themselves: as OpenAPI, and as a page to read. */
import { z } from "zod";
import { ANSWER_TYPE, queries, STREAM_TYPE, type Query } from "../inspect/index.ts";
import { trainingActions } from "./trainings.ts";

/** All queries, without their types. */
export const allQueries = queries as unknown as Readonly<Record<string, Query>>;

const refusals = {
  400: "the question is not as expected, or the model cannot be opened",
  401: "no token",
  403: "another host or origin",
  404: "no such model or query",
  409: "the run is being written at this moment",
  410: "the model was deleted",
  413: "the question is too large",
  500: "a defect",
};

const idParameter = { name: "id", in: "path", required: true, schema: { type: "string" } };

const refused = Object.fromEntries(
  Object.entries(refusals).map(([status, description]) => [
    status,
    { description, content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } } },
  ]),
);

function queryPath(name: string, { about, input }: Query): object {
  const schema = z.toJSONSchema(input, { io: "input" });
  return {
    post: {
      operationId: name,
      summary: about,
      parameters: [idParameter],
      requestBody: { required: true, content: { "application/json": { schema } } },
      responses: {
        200: {
          description:
            "A safetensors file; the plain part of the answer is JSON under `answer` in its metadata. " +
            `With Accept: ${STREAM_TYPE}, frames of progress come before it.`,
          content: { [ANSWER_TYPE]: {}, [STREAM_TYPE]: {} },
        },
        ...refused,
      },
    },
  };
}

/** The description as OpenAPI 3.1. */
export function openApi(version: string): object {
  const entries = Object.entries(allQueries);
  const asked = entries.map(([name, one]) => [`/api/models/{id}/${name}`, queryPath(name, one)] as const);
  const steer = trainingActions.map((action) => [
    `/api/models/{id}/training/${action}`,
    {
      post: {
        summary: `${action} a training that this server's process runs`,
        parameters: [idParameter],
        responses: { 201: { description: "the id of a branch" }, 204: { description: "done" }, ...refused },
      },
    },
  ]);
  return {
    openapi: "3.1.0",
    info: { title: "Heed studio", version },
    security: [{ token: [] }],
    paths: {
      "/api/models": {
        get: { summary: "the runs and models in the given folders", responses: { 200: { description: "a list" } } },
      },
      "/api/models/{id}/training": {
        get: {
          summary: "the training of a run as server-sent events: state, restart, steps, checkpoints",
          parameters: [idParameter],
          responses: { 200: { description: "events", content: { "text/event-stream": {} } }, ...refused },
        },
      },
      ...Object.fromEntries(asked),
      ...(Object.fromEntries(steer) as object),
    },
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: {
        Error: {
          type: "object",
          properties: {
            error: {
              type: "object",
              properties: { name: { type: "string" }, message: { type: "string" } },
              required: ["name", "message"],
            },
          },
          required: ["error"],
        },
      },
    },
  };
}

/** The same as a page without any script. */
export function openApiPage(): string {
  const rows = Object.entries(allQueries).map(([name, { about, input }]) => {
    const schema = JSON.stringify(z.toJSONSchema(input, { io: "input" }), undefined, 2);
    return (
      `<section><h2>POST /api/models/:id/${escaped(name)}</h2><p>${escaped(about)}</p>` +
      `<details><summary>The question, as JSON schema</summary><pre>${escaped(schema)}</pre></details></section>`
    );
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Heed studio: interface</title></head><body>
<h1>Heed studio: interface</h1>
<p>The same for programs: <a href="/api/openapi.json">openapi.json</a>. Answers are safetensors files; what is not a tensor is
JSON under <code>answer</code> in their metadata. Programs send <code>Authorization: Bearer TOKEN</code>.</p>
<section><h2>GET /api/models</h2><p>The runs and models in the given folders.</p></section>
<section><h2>GET /api/models/:id/training</h2><p>A training as server-sent events: state, restart, steps, checkpoints.</p></section>
<section><h2>POST /api/models/:id/training/${trainingActions.join("|")}</h2><p>Steers a training of this server's process.</p></section>
${rows.join("\n")}
</body></html>
`;
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
