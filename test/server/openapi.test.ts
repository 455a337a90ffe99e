/** The description of the interface, and the files of the app. */
import { mkdir, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { z } from "zod";
import { queries } from "../../src/inspect/index.ts";
import { files } from "../cli/heed.ts";
import { request, serve } from "./serving.ts";

it("describes every query by its own input", async () => {
  const studio = await serve({ places: [], version: "1.2.3" });
  const { text, headers } = await request(studio, "/api/openapi.json");
  expect(headers["content-type"]).toMatch(/^application\/json/);
  const api = JSON.parse(text) as {
    openapi: string;
    info: object;
    paths: Record<string, { post?: { summary: string; requestBody: { content: Record<string, { schema: object }> } } }>;
  };
  expect(api).toMatchObject({ openapi: "3.1.0", info: { version: "1.2.3" } });
  for (const [name, { about, input }] of Object.entries(queries)) {
    const { post } = api.paths[`/api/models/{id}/${name}`]!;
    expect(post!.summary).toBe(about);
    expect(post!.requestBody.content["application/json"]!.schema).toEqual(
      JSON.parse(JSON.stringify(z.toJSONSchema(input, { io: "input" }))),
    );
  }
  for (const path of ["/api", "/api/"]) {
    const page = await request(studio, path);
    expect(page.text).toContain("POST /api/models/:id/attention");
    expect(page.text).not.toMatch(/<script|src=|href="http/);
  }
});

it("gives out the built app: hashed names forever, the page anew each time", async () => {
  const at = await files();
  await mkdir(at("app/assets"), { recursive: true });
  await mkdir(at("ort"));
  await writeFile(at("app/index.html"), "<!doctype html><title>app</title>");
  await writeFile(at("app/assets/index-BZrzGWsD.js"), "1;");
  await writeFile(at("app/assets/icon.svg"), "<svg/>");
  await writeFile(at("ort/ort.wasm"), "wasm");
  await writeFile(at("secret.txt"), "secret");
  const studio = await serve({ places: [], app: at("app"), assets: { "/ort/": at("ort") } });
  const found = async (path: string): Promise<unknown[]> => {
    const { status, headers, text } = await request(studio, path);
    return [status, headers["content-type"], headers["cache-control"], text];
  };
  expect(await found("/")).toEqual([200, "text/html; charset=utf-8", "no-cache", "<!doctype html><title>app</title>"]);
  expect((await found("/assets/index-BZrzGWsD.js")).slice(0, 3)).toEqual([
    200,
    "text/javascript; charset=utf-8",
    "max-age=31536000, immutable",
  ]);
  expect((await found("/assets/icon.svg")).slice(0, 3)).toEqual([200, "image/svg+xml; charset=utf-8", "no-cache"]);
  expect((await found("/ort/ort.wasm")).slice(0, 2)).toEqual([200, "application/wasm"]);
  for (const path of [
    "/ort/../secret.txt",
    "/ort/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/ort/%2e%2e/%2e%2e/secret.txt",
    "/assets/none-BZrzGWsD.js",
  ]) {
    const [status, , cache, text] = await found(path);
    expect({ path, refused: [400, 404].includes(status as number), text: String(text).includes("secret") }).toEqual({
      path,
      refused: true,
      text: false,
    });
    expect(cache).not.toMatch(/immutable/);
  }
});

it("without a built app says what to do", async () => {
  const at = await files();
  const studio = await serve({ places: [], app: at("none") });
  const { status, text } = await request(studio, "/");
  expect(status).toBe(404);
  expect(text).toContain("npm run build");
});
