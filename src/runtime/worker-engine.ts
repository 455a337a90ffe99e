/** An engine in a worker: the same interface on this side, messages between, so that a step blocks nobody. */
import { EngineError } from "../errors/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Engine, EngineOptions } from "./engine.ts";

/** A worker thread or a web worker, made alike. */
export interface Channel {
  post(message: unknown, transfer: readonly ArrayBufferLike[]): void;
  receive(handler: (message: never) => void): void;
  fail(handler: (error: unknown) => void): void;
  /** Whether the process must stay alive for this worker. */
  hold(busy: boolean): void;
  close(): Promise<void>;
}

/** Elements of an array that travel in one message. */
const PIECE = 2 ** 22;

type Method = Exclude<keyof Engine, "description">;
export interface Request {
  readonly id: number;
  readonly method: Method | "open";
  readonly args: readonly unknown[];
}
export type Reply = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };

/** Starts an engine behind the channel and waits until it answers. */
export async function openWorkerEngine(channel: Channel, options: EngineOptions): Promise<Engine> {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let next = 0;
  let dead: EngineError | undefined;
  channel.receive((reply: Reply) => {
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (waiting.size === 0) channel.hold(false);
    if ("error" in reply) call?.reject(new EngineError(reply.error));
    else call?.resolve(reply.value as never);
  });
  channel.fail((error) => {
    dead = new EngineError(`The engine's worker ended: ${error instanceof Error ? error.message : String(error)}`);
    for (const call of waiting.values()) call.reject(dead);
    waiting.clear();
  });
  const ask = <T>(method: Request["method"], ...args: readonly unknown[]): Promise<T> => send(method, args, []);
  const send = <T>(
    method: Request["method"],
    args: readonly unknown[],
    transfer: readonly ArrayBufferLike[],
  ): Promise<T> => {
    if (dead !== undefined) return Promise.reject(dead);
    return new Promise<T>((resolve, reject) => {
      const id = next++;
      waiting.set(id, { resolve, reject });
      channel.hold(true);
      channel.post({ id, method, args } satisfies Request, transfer);
    });
  };
  const description = await ask<string>("open", options).catch(async (error: unknown) => {
    await channel.close();
    throw error;
  });
  return {
    description,
    load: (program, constants) => ask("load", program, constants),
    unload: (program) => ask("unload", program),
    allocate: (name, dtype, length) => ask("allocate", name, dtype, length),
    write: async (name, data, offset = 0) => {
      // In pieces: a large array is copied twice on its way otherwise, and all copies are in memory at once.
      for (let start = 0; start < data.length || start === 0; start += PIECE) {
        const piece = data.slice(start, start + PIECE);
        await send("write", [name, piece, offset + start], [piece.buffer]);
      }
    },
    read: (name, offset, length) => ask("read", name, offset, length),
    locate: (name) => ask("locate", name),
    free: (name) => ask("free", name),
    run: (calls, feeds) => ask("run", calls, feeds),
    profile: () => ask("profile"),
    dispose: async () => {
      // What an engine holds outside of JavaScript does not end with its worker. It is freed after what still runs.
      await ask("dispose").catch(() => undefined);
      dead ??= new EngineError("This engine was disposed of. Make a new one.");
      for (const call of waiting.values()) call.reject(dead);
      waiting.clear();
      await channel.close();
    },
  };
}

/** The worker's side: answers requests with an engine made by `open`. Results leave by transfer, not by copy. */
export function serveEngine(
  open: (options: EngineOptions) => Promise<Engine>,
  reply: (message: Reply, transfer: readonly ArrayBufferLike[]) => void,
): (request: Request) => Promise<void> {
  let engine: Engine | undefined;
  // One request after another: a write must not overtake the step before it.
  let last: Promise<void> = Promise.resolve();
  const answer = async ({ id, method, args }: Request): Promise<void> => {
    try {
      if (method === "open") {
        engine = await open(args[0] as EngineOptions);
        reply({ id, value: engine.description }, []);
        return;
      }
      const methods = engine as unknown as Record<typeof method, (...args: readonly unknown[]) => Promise<unknown>>;
      const value = await methods[method](...args);
      reply({ id, value }, method === "run" || method === "read" ? buffersOf(value) : []);
    } catch (error) {
      reply({ id, error: error instanceof Error ? error.message : String(error) }, []);
    }
  };
  return (request) => (last = last.then(() => answer(request)));
}

function buffersOf(value: unknown): ArrayBufferLike[] {
  const tensors = isTensor(value) ? [value] : Object.values(value as Record<string, HostTensor>);
  return [...new Set(tensors.map((tensor) => tensor.data.buffer))];
}

function isTensor(value: unknown): value is HostTensor {
  return typeof value === "object" && value !== null && "data" in value && ArrayBuffer.isView(value.data);
}
