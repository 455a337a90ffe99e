// A static server in a few lines: `node serve.mjs [port]` offers the plain page at http://localhost:8080/plain.html.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const types = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
// With these headers a page is cross-origin isolated, and may use all cores; without them it uses one.
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** Serves folders by the beginning of the address; the first that fits and has the file is taken. Port 0 is any free one. */
export async function serve(folders, { port = 0, isolated = true } = {}) {
  const server = createServer(async (request, response) => {
    const address = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    for (const [start, folder] of Object.entries(folders)) {
      if (!address.startsWith(start)) continue;
      const below = normalize(`/${address.slice(start.length)}`);
      const file = join(folder, below.endsWith("/") ? `${below}index.html` : below);
      const found = await stat(file).catch(() => undefined);
      if (!found?.isFile()) continue;
      response.writeHead(200, {
        "Content-Type": types[extname(file)] ?? "application/octet-stream",
        "Content-Length": found.size,
        ...(isolated ? isolation : {}),
      });
      if (request.method === "HEAD") response.end();
      else createReadStream(file).pipe(response);
      return;
    }
    response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    address: `http://localhost:${server.address().port}/`,
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");

/** The folders of the plain page. In this clone, node_modules/heed is the clone itself. */
export const plainPage = {
  "/node_modules/heed/": root,
  "/node_modules/": join(root, "node_modules"),
  "/": here,
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { address } = await serve(plainPage, { port: Number(process.argv[2] ?? 8080) });
  console.log(`The page is at ${address}plain.html`);
}
