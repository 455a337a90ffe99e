/** The Hugging Face hub over HTTP: what is in a repository, and the bytes of its files. Only Node uses this. */
import { z } from "zod";
import { HeedError, InputError } from "../errors/index.ts";
import { together } from "./folder.ts";

/** How the hub is asked. */
export interface HubOptions {
  /** The hub's address. Default: HF_ENDPOINT, or https://huggingface.co. */
  readonly endpoint?: string | undefined;
  /** A token for repositories that ask for one. Default: HF_TOKEN. */
  readonly token?: string | undefined;
  /** Milliseconds without an answer, or without another byte, after which a request is given up. Default: 30,000. */
  readonly timeout?: number | undefined;
  /** Milliseconds before the first try again; each further one waits twice as long. Default: 1,000. */
  readonly backOff?: number | undefined;
}

/** A file of a repository. */
export interface HubFile {
  readonly path: string;
  readonly size: number | undefined;
  /** What its bytes must give: the SHA-256 of large files, or the SHA-1 that git gives small ones. */
  readonly checksum: { readonly kind: "sha256" | "git"; readonly value: string } | undefined;
}

/** A repository at one commit. */
export interface HubListing {
  readonly commit: string;
  readonly files: readonly HubFile[];
}

/** Tries of one thing that fails in a way that may pass, without anything gained in between. */
const TRIES = 5;
/** Seconds that a hub's "try again later" is followed at most. */
const LONGEST_WAIT = 60;

const listingSchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{7,64}$/),
  siblings: z.array(
    z.object({
      rfilename: z.string().min(1),
      size: z.int().nonnegative().nullish(),
      blobId: z.string().nullish(),
      lfs: z.object({ sha256: z.string().nullish(), size: z.int().nonnegative().nullish() }).nullish(),
    }),
  ),
});

/** A failure that may pass: `final` is what to say when it does not. */
class Passing extends Error {
  readonly final: InputError;
  readonly seconds: number | undefined;

  constructor(final: InputError, seconds?: number) {
    super(final.message);
    this.final = final;
    this.seconds = seconds;
  }
}

/** One repository at one revision. */
export class HubClient {
  readonly repo: string;
  readonly revision: string;
  readonly endpoint: string;
  readonly #token: string | undefined;
  readonly #timeout: number;
  readonly #backOff: number;
  #reached = false;

  /** @throws InputError where the endpoint is no web address */
  constructor(repo: string, revision: string, options: HubOptions = {}) {
    const { endpoint = "https://huggingface.co", token, timeout = 30_000, backOff = 1000 } = options;
    if (!/^https?:/i.test(endpoint) || !URL.canParse(endpoint)) {
      throw new InputError(
        `"${endpoint}" is not a web address of a hub. Set HF_ENDPOINT to one that begins with https://.`,
      );
    }
    this.repo = repo;
    this.revision = revision;
    this.endpoint = endpoint.replace(/\/+$/, "");
    this.#token = token === "" ? undefined : token;
    this.#timeout = timeout;
    this.#backOff = backOff;
  }

  /** The repository's files, and the commit that the revision names. */
  async listing(): Promise<HubListing> {
    const address = `${this.endpoint}/api/models/${this.repo}/revision/${encodeURIComponent(this.revision)}?blobs=true`;
    const text = await this.persist(async () => new TextDecoder().decode(await together(this.#bytes(address, {}))));
    const found = listingSchema.safeParse(jsonOf(text));
    if (!found.success) {
      throw new InputError(
        `${this.endpoint} answered with no list of files for ${this.repo}. Is it a Hugging Face hub? Check HF_ENDPOINT.`,
      );
    }
    const files = found.data.siblings.map(({ rfilename, size, blobId, lfs }): HubFile => {
      const sum = (kind: "sha256" | "git", value: string | null | undefined): HubFile["checksum"] =>
        value == null ? undefined : { kind, value: value.toLowerCase() };
      // The id of a large file's blob is that of the pointer that git has in its place.
      const checksum = lfs == null ? sum("git", blobId) : sum("sha256", lfs.sha256);
      return { path: rfilename, size: lfs?.size ?? size ?? undefined, checksum };
    });
    return { commit: found.data.sha, files };
  }

  /**
   * The bytes of a file from `offset` on. `restart` is called first where the server sends it from the beginning
   * instead.
   */
  async *file(
    commit: string,
    { path, size }: HubFile,
    offset: number,
    restart: () => Promise<void>,
  ): AsyncGenerator<Uint8Array> {
    const address = `${this.endpoint}/${this.repo}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`;
    const headers = { "accept-encoding": "identity", ...(offset > 0 && { range: `bytes=${offset}-` }) };
    let at = offset;
    for await (const piece of this.#bytes(address, headers, async (response) => {
      if (offset === 0) return;
      const range = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "");
      if (response.status === 206 && Number(range?.[1]) === offset) return;
      at = 0;
      await restart();
      if (response.status !== 200) throw this.#passing(path, "the server sent another part than the one asked for");
    })) {
      at += piece.length;
      yield piece;
    }
    if (size !== undefined && at < size) throw this.#passing(path, `it broke off after ${at} of ${size} bytes`);
  }

  /**
   * Does something again where it fails in a way that may pass, with growing pauses. `gained` tells how far it is: as
   * long as that grows, tries do not count.
   */
  async persist<T>(work: () => Promise<T>, gained: () => number = () => 0): Promise<T> {
    let before = gained();
    for (let failures = 1; ; failures++) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Passing)) throw error;
        if (gained() > before) failures = 1;
        before = gained();
        if (failures >= TRIES) throw error.final;
        const pause = error.seconds === undefined ? this.#backOff * 2 ** (failures - 1) : error.seconds * 1000;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  /** One request's bytes, as they come. */
  async *#bytes(
    address: string,
    headers: Record<string, string>,
    check: (response: Response) => Promise<void> = () => Promise.resolve(),
  ): AsyncGenerator<Uint8Array> {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const alive = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        controller.abort();
      }, this.#timeout);
    };
    const failing = (error: unknown): unknown => {
      if (error instanceof Passing || error instanceof HeedError) return error;
      if (controller.signal.aborted) return this.#passing(address, `it sent nothing for ${this.#timeout / 1000} s`);
      return this.#unreachable(error);
    };
    try {
      alive();
      // Node's fetch does not pass the token on where the hub redirects to another host.
      const authorization = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
      const response = await fetch(address, { headers: { ...headers, ...authorization }, signal: controller.signal });
      this.#reached = true;
      if (!response.ok && !(response.status === 416 && "range" in headers)) throw await this.#refusal(response);
      await check(response);
      if (response.body === null) return;
      for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
        clearTimeout(timer); // what is done with the piece may take its time
        yield piece;
        alive();
      }
    } catch (error) {
      throw failing(error);
    } finally {
      clearTimeout(timer);
      controller.abort();
    }
  }

  async #refusal(response: Response): Promise<Error> {
    const { status, headers } = response;
    const code = headers.get("x-error-code");
    const where = `${this.endpoint}/${this.repo}`;
    await response.body?.cancel();
    if (status === 429) {
      const after = secondsOf(headers.get("retry-after"));
      const advice =
        this.#token === undefined ? "Try again later; with a token in HF_TOKEN more is allowed." : "Try again later.";
      const final = new InputError(`${where}: the hub asks to wait (429, too many requests). ${advice}`);
      return after !== undefined && after > LONGEST_WAIT ? final : new Passing(final, after);
    }
    if (status >= 500 || status === 408) {
      return new Passing(
        new InputError(
          `${where}: the hub answered ${status} ${TRIES} times. Try again later: it goes on where it stopped.`,
        ),
      );
    }
    if (status === 403 || code === "GatedRepo") {
      return new InputError(
        `${where} may not be read (the hub answered ${status}): its owner grants access to it. ` +
          `Ask for access on that page, then set HF_TOKEN to a token of your account that may read it.`,
      );
    }
    if (status === 401) {
      const known = "it does not exist, or it is private";
      return new InputError(
        this.#token === undefined
          ? `${where} may not be read (the hub answered 401): ${known}. Check the name; for a private one set HF_TOKEN.`
          : `${where} may not be read with the token in HF_TOKEN (the hub answered 401): the token is not valid, or ${known}. Check both.`,
      );
    }
    if (status === 404) {
      const revision = code === "RevisionNotFound" || (code === null && this.revision !== "main");
      return new InputError(
        revision
          ? `${where} has no revision "${this.revision}" (the hub answered 404). Check --revision: a branch, a tag or a commit.`
          : `${where} does not exist (the hub answered 404). Check the name: it is OWNER/NAME, as on the model's page.`,
      );
    }
    return new InputError(`${where} could not be pulled: the hub answered ${status} ${response.statusText}.`);
  }

  #unreachable(error: unknown): Error {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error && cause.message !== "" ? cause.message : String(cause);
    const final = new InputError(
      `${this.endpoint} could not be reached: ${reason}. Check the connection (and HF_ENDPOINT) and try again: ` +
        `what was pulled before can be used without it.`,
      { cause: error },
    );
    const lasting = ["ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN"].includes(String((cause as { code?: unknown })?.code));
    return lasting && !this.#reached ? final : new Passing(final);
  }

  #passing(what: string, reason: string): Passing {
    return new Passing(
      new InputError(`${what} could not be pulled: ${reason}. Try again: it goes on where it stopped.`),
    );
  }
}

/** The seconds of a Retry-After header, which is a number or a date. */
function secondsOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
