import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fetchFolder, readText } from "../../src/files/index.ts";

const data = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7);

/** Serves `data` with ranges, without them (plain/), compressed on the way (encoded/), and cut off (cut/). */
function serve(request: IncomingMessage, response: ServerResponse): void {
  const [, kind, name] = (request.url ?? "").split("/");
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  if (name === "fails") {
    response.writeHead(503).end();
  } else if (name !== "a%20%23b") {
    response.writeHead(404).end("no such file");
  } else if (kind === "cut") {
    response.writeHead(200, { "content-length": data.length });
    response.write(data.subarray(0, 1000), () => response.destroy());
  } else if (kind === "encoded" && range === null) {
    const packed = gzipSync(data);
    response.writeHead(200, { "content-encoding": "gzip", "content-length": packed.length });
    response.end(request.method === "HEAD" ? undefined : packed);
  } else if (kind === "plain" || range === null) {
    response.writeHead(200, { "content-length": data.length });
    response.end(request.method === "HEAD" ? undefined : data);
  } else {
    const [from, to] = [Number(range[1]), Math.min(Number(range[2]) + 1, data.length)];
    if (from >= data.length) response.writeHead(416).end();
    else {
      response.writeHead(206, { "content-range": `bytes ${from}-${to - 1}/${data.length}` });
      response.end(data.subarray(from, to));
    }
  }
}

describe("files behind a web address", () => {
  let server: Server;
  let address: string;
  beforeAll(async () => {
    server = createServer(serve);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  it.each(["ranges", "plain", "encoded"])("are read whole, in ranges and in pieces (%s)", async (kind) => {
    const folder = fetchFolder(address).at(kind);
    expect(await folder.kind("a #b")).toBe("file");
    expect(await folder.kind("none")).toBeUndefined();
    expect(await folder.size("a #b")).toBe(data.length);
    expect(Buffer.compare(await folder.read("a #b"), data)).toBe(0);
    expect(await folder.readRange("a #b", 0, 3)).toEqual(data.slice(0, 3));
    const range = await folder.readRange("a #b", 199_990, 70_000);
    expect(Buffer.compare(range, data.slice(199_990, 269_990))).toBe(0);
    expect(await folder.readRange("a #b", 5, 0)).toEqual(new Uint8Array(0));
    await expect(folder.readRange("a #b", 299_999, 2)).rejects.toThrow("ends too early: it has 300000 bytes");
    await expect(folder.readRange("a #b", 400_000, 2)).rejects.toThrow("ends too early: it has 300000 bytes");
    let length = 0;
    for await (const piece of folder.readStream("a #b")) length += piece.length;
    expect(length).toBe(data.length);
  });

  it("say in a sentence what went wrong", async () => {
    const folder = fetchFolder(`${address}/ranges`);
    await expect(folder.read("none")).rejects.toThrow(
      `${address}/ranges/none does not exist (the server answered 404)`,
    );
    await expect(readText(folder, "fails")).rejects.toThrow("the server answered 503 Service Unavailable");
    await expect(folder.kind("fails")).rejects.toThrow("503");
    await expect(folder.list()).rejects.toThrow("does not tell what is in a folder");
    await expect(fetchFolder(`${address}/cut`).read("a #b")).rejects.toThrow("could not be fetched");
    await expect(fetchFolder("http://127.0.0.1:1").read("x")).rejects.toThrow(
      /could not be fetched: .+Check the address/,
    );
    expect(() => fetchFolder("models/fr-en")).toThrow('"models/fr-en" is not a web address');
    expect(() => fetchFolder("file:///etc")).toThrow("is not a web address");
  });
});
