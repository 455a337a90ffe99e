/** Who may ask: pages of this server and programs that know its token, on this machine. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { secureHeaders } from "hono/secure-headers";

/** Requests that name another host or come from another page's origin are refused: 403. */
export function sameHost(port: () => number): MiddlewareHandler {
  return async (context, next) => {
    const hosts = [`127.0.0.1:${port()}`, `localhost:${port()}`];
    const [host, origin] = [context.req.header("host"), context.req.header("origin")];
    // A page of another name that leads to this machine (DNS rebinding) has that name as its host.
    if (host === undefined || !hosts.includes(host)) return context.text("403", 403);
    if (origin !== undefined && origin !== `http://${host}`) return context.text("403", 403);
    return next();
  };
}

/**
 * Requests without the token get 401 and no hint. It comes as a bearer token, in a cookie, or once in the address, from
 * where it is moved to a cookie that no script reads; so it stays in no address bar.
 */
export function knowsToken(token: string, port: () => number): MiddlewareHandler {
  const due = digest(token);
  const right = (given: string | undefined): boolean => given !== undefined && timingSafeEqual(digest(given), due);
  return async (context, next) => {
    // Cookies do not tell ports apart.
    const cookie = `heed-studio-${port()}`;
    const [, bearer] = /^Bearer (.+)$/.exec(context.req.header("authorization") ?? "") ?? [];
    if (context.req.method === "GET" && right(context.req.query("token"))) {
      setCookie(context, cookie, token, { httpOnly: true, sameSite: "Strict", path: "/" });
      const address = new URL(context.req.url);
      address.searchParams.delete("token");
      context.header("Cache-Control", "no-store");
      return context.redirect(`${address.pathname.replace(/^\/+/, "/")}${address.search}`, 302);
    }
    if (right(bearer) || right(getCookie(context, cookie))) return next();
    return context.text("401", 401);
  };
}

/** Of equal length, whatever was given: the comparison takes the same time. */
const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();

/** Isolates the page (threads of WebAssembly need it) and lets it load nothing from elsewhere. */
export const isolation = (): MiddlewareHandler =>
  secureHeaders({
    crossOriginEmbedderPolicy: "require-corp",
    crossOriginOpenerPolicy: "same-origin",
    crossOriginResourcePolicy: "same-origin",
    xFrameOptions: "DENY",
    // There is no TLS on 127.0.0.1.
    strictTransportSecurity: false,
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
      styleSrc: ["'self'"],
      styleSrcAttr: ["'unsafe-inline'"],
      imgSrc: ["'self'", "data:", "blob:"],
      fontSrc: ["'self'", "data:"],
      connectSrc: ["'self'", "blob:"],
      workerSrc: ["'self'", "blob:"],
      manifestSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  });
