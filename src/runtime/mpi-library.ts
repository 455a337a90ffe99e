/** Open MPI's C library through koffi: sums and broadcasts that are started, and asked about until they are done. */
import type * as Koffi from "koffi";
import { EngineError } from "../errors/index.ts";

/** An operation under way: MPI's handle for it, which MPI clears when it is done. */
export type Request = BigUint64Array;

/** Numbers that are summed. */
export type Summed = "float32" | "float64" | "uint8";

/** Where values lie: an array, or an address. */
export type Memory = bigint | ArrayBufferView;

/** The library as it is used here. What fails throws EngineError in MPI's own words. */
export interface MpiLibrary {
  /** `Open MPI 4.1.4`. */
  readonly version: string;
  /** Joins the other processes; called once, before all that follows. */
  start(): { readonly rank: number; readonly size: number };
  /** Begins a sum over all ranks, in place. The memory must stay where it is until the request is done. */
  sum(memory: Memory, kind: Summed, count: number): Request;
  /** Begins to send rank 0's bytes to all others. */
  share(memory: Memory, bytes: number): Request;
  /** Whether a request is done. Asking is what drives it on. */
  done(request: Request): boolean;
  /** Leaves the other processes, when all are done. */
  finish(): void;
}

/** `MPI_IN_PLACE` of mpi.h. */
const IN_PLACE = 1n;
/** `MPI_THREAD_FUNNELED`: one thread calls MPI. */
const ONE_THREAD = 1;
/** More than the longest text that either function writes, in Open MPI and elsewhere. */
const TEXT_BYTES = 8192;

const TYPES: Readonly<Record<Summed, string>> = {
  float32: "ompi_mpi_float",
  float64: "ompi_mpi_double",
  uint8: "ompi_mpi_uint8_t",
};

type Call = (...given: readonly unknown[]) => unknown;

/**
 * Opens the first of the files that is Open MPI's library. Throws EngineError where none can be opened, where the first
 * that opens is another MPI, or where koffi is missing.
 */
export async function openMpi(files: readonly string[], named?: string): Promise<MpiLibrary> {
  const { default: koffi } = await import("koffi").catch((error: unknown) => {
    throw new EngineError("The package koffi, which opens C libraries, is not installed: npm install koffi", {
      cause: error,
    });
  });
  const problems: string[] = [];
  for (const file of files) {
    try {
      // Open MPI opens plugins of its own, which look for its names among those of the whole process.
      return bind(koffi.load(file, { global: true }), file, koffi.pointer("void"));
    } catch (error) {
      if (error instanceof EngineError) throw error;
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  const where =
    named === undefined ? "beside mpirun and among the system's libraries" : `in ${named}, which HEED_MPI names`;
  throw new EngineError(
    `Open MPI's library (libmpi.so.40) was not found ${where}${problems.length > 0 ? ` (${problems[0]!})` : ""}. ` +
      `Install Open MPI 4 or 5, or set HEED_MPI to its folder.`,
  );
}

type Library = ReturnType<typeof Koffi.load>;
type Pointer = ReturnType<typeof Koffi.pointer>;

function bind(library: Library, file: string, pointer: Pointer): MpiLibrary {
  const text = (fill: (into: Uint8Array, length: Int32Array) => unknown): string => {
    const [bytes, length] = [new Uint8Array(TEXT_BYTES), new Int32Array(1)];
    fill(bytes, length);
    return new TextDecoder().decode(bytes.subarray(0, length[0])).replaceAll("\0", "").trim();
  };
  const version = text(library.func("MPI_Get_library_version", "int", [pointer, pointer]) as Call);
  // "Open MPI v4.1.4, package: Debian OpenMPI, …": here names are addresses, in MPICH and its kin they are numbers.
  const [, release] = /^Open MPI v?([\d.]+\w*)/.exec(version) ?? [];
  if (release === undefined) {
    throw new EngineError(
      `${file} is ${version.split(/[\n,]/)[0] ?? "another MPI"}; Heed works with Open MPI 4 and 5. Install it, start the ` +
        `run with its mpirun, or set HEED_MPI to its folder.`,
    );
  }
  const symbol = (name: string): bigint => library.symbol(name) as bigint;
  const world = symbol("ompi_mpi_comm_world");
  const add = symbol("ompi_mpi_op_sum");
  const bytes = symbol("ompi_mpi_byte");
  const types = { float32: symbol(TYPES.float32), float64: symbol(TYPES.float64), uint8: symbol(TYPES.uint8) };
  const errorText = library.func("MPI_Error_string", "int", ["int", pointer, pointer]) as Call;
  const checked = (name: string, args: readonly (Pointer | "int")[]): ((...given: readonly unknown[]) => void) => {
    const call = library.func(name, "int", [...args]) as Call;
    return (...given) => {
      const code = call(...given);
      if (code === 0) return;
      throw new EngineError(`${name} failed: ${text((into, length) => errorText(code, into, length))}`);
    };
  };
  const init = checked("MPI_Init_thread", [pointer, pointer, "int", pointer]);
  const setHandler = checked("MPI_Comm_set_errhandler", [pointer, pointer]);
  const commRank = checked("MPI_Comm_rank", [pointer, pointer]);
  const commSize = checked("MPI_Comm_size", [pointer, pointer]);
  const allReduce = checked("MPI_Iallreduce", [pointer, pointer, "int", pointer, pointer, pointer, pointer]);
  const broadcast = checked("MPI_Ibcast", [pointer, "int", pointer, "int", pointer, pointer]);
  const test = checked("MPI_Test", [pointer, pointer, pointer]);
  const finalize = checked("MPI_Finalize", []);
  const number = (call: (...given: readonly unknown[]) => void): number => {
    const value = new Int32Array(1);
    call(world, value);
    return value[0]!;
  };
  return {
    version: `Open MPI ${release}`,
    start: () => {
      init(null, null, ONE_THREAD, new Int32Array(1));
      // A peer that cannot be reached becomes a sentence instead of the end of the process.
      setHandler(world, symbol("ompi_mpi_errors_return"));
      return { rank: number(commRank), size: number(commSize) };
    },
    sum: (memory, kind, count) => {
      const request = new BigUint64Array(1);
      allReduce(IN_PLACE, memory, count, types[kind], add, world, request);
      return request;
    },
    share: (memory, count) => {
      const request = new BigUint64Array(1);
      broadcast(memory, count, bytes, 0, world, request);
      return request;
    },
    done: (request) => {
      const flag = new Int32Array(1);
      test(request, flag, null);
      return flag[0] !== 0;
    },
    finish: () => {
      finalize();
    },
  };
}
