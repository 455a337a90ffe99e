/** Which rank of a run over several processes this one is, by what its launcher put into the environment. */
import { EngineError } from "../errors/index.ts";

/** The place of a process among those that mpirun started. */
export interface Rank {
  readonly rank: number;
  readonly size: number;
}

/**
 * The rank that Open MPI's mpirun (or Slurm's `srun --mpi=pmix`) gave this process; undefined for a process on its own,
 * for which nothing is loaded. Throws EngineError where a launcher of MPICH's kind started several processes: each
 * would take itself for the only one.
 */
export function rankIn(environment: Readonly<Record<string, string | undefined>>): Rank | undefined {
  const number = (...names: readonly string[]): number | undefined => {
    const found = names.map((name) => environment[name]).find((value) => value !== undefined && /^\d+$/.test(value));
    return found === undefined ? undefined : Number(found);
  };
  const rank = number("OMPI_COMM_WORLD_RANK", "PMIX_RANK");
  const size = number("OMPI_COMM_WORLD_SIZE", "SLURM_NTASKS");
  if (rank !== undefined && size !== undefined) return size > 1 ? { rank, size } : undefined;
  const others = number("PMI_SIZE") ?? 1;
  if (others === 1) return undefined;
  throw new EngineError(
    `This process was started as one of ${others} by the mpirun of MPICH or Intel MPI; Heed works with Open MPI. ` +
      `Install it, and start the run with its mpirun ("mpirun --version" says whose it is).`,
  );
}
