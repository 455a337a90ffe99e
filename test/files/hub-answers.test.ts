import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errors/index.ts";
import { listen, sendBytes } from "./hub-server.ts";
import { atWeights, environment, hub, place, pulled, refusal, weights } from "./pulling.ts";

describe("a hub that", () => {
  const answering = (status: number, headers: Record<string, string> = {}): void => {
    hub.mischief = (_, response) => {
      response.writeHead(status, headers).end();
      return true;
    };
  };

  it.each([
    [
      401,
      {},
      {},
      /\/tiny\/model may not be read \(the hub answered 401\): it does not exist, or it is private\. .* HF_TOKEN/,
    ],
    [
      401,
      {},
      { token: "hf_x" },
      /may not be read with the token in HF_TOKEN .*: the token is not valid, or it does not/,
    ],
    [
      403,
      { "x-error-code": "GatedRepo" },
      {},
      /its owner grants access to it\. Ask for access on that page, then set HF_TOKEN/,
    ],
    [401, { "x-error-code": "GatedRepo" }, {}, /its owner grants access to it/],
    [
      404,
      { "x-error-code": "RepoNotFound" },
      {},
      /\/tiny\/model does not exist \(the hub answered 404\)\. Check the name/,
    ],
    [404, { "x-error-code": "RevisionNotFound" }, { revision: "v9" }, /has no revision "v9" .* Check --revision/],
    [
      429,
      { "retry-after": "3600" },
      {},
      /the hub asks to wait \(429, too many requests\)\. Try again later; with a token/,
    ],
    [418, {}, {}, /could not be pulled: the hub answered 418/],
  ])("answers %i is told at once %j %j", async (status, headers, options, message) => {
    answering(status, headers);
    const error = await refusal(pulled(options));
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(message);
    expect(hub.requests).toHaveLength(1);
  });

  it.each([
    [500, {}],
    [503, {}],
    [429, { "retry-after": "0" }],
    [429, { "retry-after": new Date(0).toUTCString() }],
  ])("answers %i is asked again, five times", async (status, headers) => {
    answering(status, headers);
    const error = await refusal(pulled());
    expect(error.message).toMatch(status === 429 ? /asks to wait/ : new RegExp(`the hub answered ${status} 5 times`));
    expect(hub.requests).toHaveLength(5);
    let left = 3;
    hub.mischief = (_, response) => {
      if (left-- <= 0) return false;
      response.writeHead(status, headers as Record<string, string>).end();
      return true;
    };
    await pulled();
  });

  it("answers nothing is given up in time", async () => {
    hub.mischief = () => true;
    const error = await refusal(pulled({ timeout: 20 }));
    expect(error.message).toContain("it sent nothing for 0.02 s");
    expect(hub.requests).toHaveLength(5);
    hub.mischief = undefined;
    atWeights(1, (_, response) => {
      response.writeHead(200, { "content-length": weights.length }).write(weights.subarray(0, 100_000));
      return true;
    });
    await pulled({ timeout: 1500 });
    expect(hub.requests).toContain(`GET ${place} bytes=100000-`);
  });

  it("is not there is told at once", async () => {
    const error = await refusal(pulled({ endpoint: "http://127.0.0.1:1" }));
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(
      /^http:\/\/127\.0\.0\.1:1 could not be reached: .*what was pulled before can be used/,
    );
  });

  it("redirects to another host is followed, without the token", async () => {
    const tokens: (string | undefined)[] = [];
    const store = createServer((request, response) => {
      tokens.push(request.headers.authorization);
      sendBytes(request, response, weights);
    });
    const address = await listen(store);
    hub.mischief = (_, response, asked) => {
      if (asked === place) response.writeHead(302, { location: `${address}/blob` }).end();
      return asked === place;
    };
    try {
      await pulled({ environment: { ...environment(), HF_TOKEN: "hf_secret" } });
      expect(new Set(hub.tokens)).toEqual(new Set(["Bearer hf_secret"]));
      expect(tokens).toEqual([undefined]);
    } finally {
      store.close();
    }
  });
});
