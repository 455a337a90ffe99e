/** Who may ask: the token, the host and the origin; and what every response says to the browser. */
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { beforeAll, describe, expect, it } from "vitest";
import type { Studio } from "../../src/server/index.ts";
import { placeWithModel, request, serve } from "./serving.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await serve({ places: [(await placeWithModel())("")] });
});

describe("the token", () => {
  it("is 128 bits, new for each server, and in the address", async () => {
    const other = await serve({ places: [] });
    expect(studio.token).toMatch(/^[0-9a-f]{32}$/);
    expect(other.token).not.toBe(studio.token);
    expect(studio.address).toBe(`http://127.0.0.1:${studio.port}/?token=${studio.token}`);
    expect((await request(studio, "/api/models", { token: other.token })).status).toBe(401);
  });

  it.each([undefined, "", "0", "x".repeat(32)])("%j is refused everywhere, without a hint", async (token) => {
    for (const path of ["/", "/api/models", "/api/openapi.json", "/api/models/nothing/summary", "/nowhere"]) {
      for (const method of ["GET", "POST"]) {
        const { status, text } = await request(studio, path, { token, method });
        expect({ path, status, text }).toEqual({ path, status: 401, text: "401" });
      }
    }
    expect((await request(studio, `/?token=${token ?? ""}`, { token: undefined })).status).toBe(401);
  });

  it("in the address goes into a cookie that no script reads, and leaves the address", async () => {
    const { status, headers } = await request(studio, `/?token=${studio.token}&a=1`, { token: undefined });
    expect({ status, location: headers.location }).toEqual({ status: 302, location: "/?a=1" });
    const [cookie] = headers["set-cookie"]!;
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/);
    const known = { token: undefined, headers: { cookie: cookie!.split(";")[0]! } };
    expect((await request(studio, "/api/models", known)).status).toBe(200);
    const other = await serve({ places: [] });
    expect((await request(other, "/api/models", known)).status).toBe(401);
  });

  it("cannot be made to lead elsewhere", async () => {
    const { headers } = await request(studio, `//evil.example/?token=${studio.token}`, { token: undefined });
    expect(headers.location).toBe("/evil.example/");
  });
});

describe("host and origin", () => {
  it.each(["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:80"])("%j is no host", async (host) => {
    expect((await request(studio, "/api/models", { headers: { host } })).status).toBe(403);
  });

  it("none is none, either", async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(studio.port, "127.0.0.1");
      let text = "";
      socket
        .on("data", (piece) => (text += piece.toString()))
        .on("close", () => {
          resolve(text);
        });
      socket.write(`GET /api/models HTTP/1.0\r\nAuthorization: Bearer ${studio.token}\r\n\r\n`);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 40[03] /);
  });

  it("the machine's own names are", async () => {
    for (const name of ["127.0.0.1", "localhost"]) {
      const host = `${name}:${studio.port}`;
      expect((await request(studio, "/api/models", { headers: { host } })).status).toBe(200);
      const own = { host, origin: `http://${host}` };
      expect((await request(studio, "/api/models", { headers: own })).status).toBe(200);
    }
  });

  it.each(["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"])(
    "a page of %s is refused, token or not",
    async (origin) => {
      const asked = { method: "POST", headers: { origin }, body: "{}" };
      expect((await request(studio, "/api/models/model/summary", asked)).status).toBe(403);
      expect((await request(studio, "/api/models/model/summary", { ...asked, token: undefined })).status).toBe(403);
    },
  );

  it("nobody else in the network reaches it", async () => {
    const others = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
    const outer = others.find(({ family, internal }) => family === "IPv4" && !internal);
    if (outer === undefined) return;
    const reached = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: outer.address, port: studio.port, timeout: 2000 });
      const end = (answer: boolean) => () => {
        socket.destroy();
        resolve(answer);
      };
      socket.on("connect", end(true)).on("error", end(false)).on("timeout", end(false));
    });
    expect(reached).toBe(false);
  });
});

it("every response isolates the page and lets it load nothing from elsewhere", async () => {
  for (const [path, token] of [
    ["/", studio.token],
    ["/api/models", studio.token],
    ["/nowhere", studio.token],
    ["/api/models", undefined],
  ] as const) {
    const { headers } = await request(studio, path, { token });
    expect(headers).toMatchObject({
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "x-frame-options": "DENY",
    });
    const policy = String(headers["content-security-policy"]);
    expect(policy).toMatch(/default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
    expect(policy).not.toMatch(/https?:|\*|'unsafe-eval'/);
  }
  expect((await request(studio, "/api/models")).headers["cache-control"]).toBe("no-store");
});
