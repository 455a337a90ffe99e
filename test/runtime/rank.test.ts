/** Which rank a process is, by the environments of launchers; where Open MPI is looked for. */
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EngineError } from "../../src/errors/index.ts";
import { alone, openGroup } from "../../src/runtime/index.ts";
import { openMpi } from "../../src/runtime/mpi-library.ts";
import { findMpi } from "../../src/runtime/mpi-places.ts";
import { rankIn } from "../../src/runtime/rank.ts";

describe("the rank of a process", () => {
  it("is what Open MPI and Slurm say; a process on its own has none", () => {
    expect(rankIn({ OMPI_COMM_WORLD_RANK: "1", OMPI_COMM_WORLD_SIZE: "4" })).toEqual({ rank: 1, size: 4 });
    expect(rankIn({ PMIX_RANK: "3", SLURM_NTASKS: "8" })).toEqual({ rank: 3, size: 8 });
    expect(rankIn({ OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "1" })).toBeUndefined();
    expect(rankIn({ SLURM_NTASKS: "8" })).toBeUndefined();
    expect(rankIn({})).toBeUndefined();
    expect(rankIn({ PMI_RANK: "0", PMI_SIZE: "1" })).toBeUndefined();
  });

  it("is refused where MPICH gave it: each process would train alone", () => {
    expect(() => rankIn({ PMI_RANK: "0", PMI_SIZE: "2" })).toThrow(EngineError);
    expect(() => rankIn({ PMI_RANK: "0", PMI_SIZE: "2" })).toThrow(/one of 2 by the mpirun of MPICH .* Open MPI/);
  });

  it("is not asked for where nothing started several: the group is this process alone", async () => {
    const group = await openGroup();
    expect(group).toMatchObject({ rank: 0, size: 1, description: alone.description });
    expect(await group.sum([1, 2])).toEqual([1, 2]);
    expect(await group.gather("x")).toEqual(["x"]);
  });
});

describe("Open MPI's library", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "heed-mpi-")));
    for (const name of ["opt/bin", "opt/lib", "links", "own"]) await mkdir(join(folder, name), { recursive: true });
    for (const name of ["opt/bin/mpirun", "opt/lib/libmpi.so", "opt/lib/libmpi.so.40", "opt/lib/libmpi.so.40.30.4"]) {
      await writeFile(join(folder, name), "no library");
    }
    await writeFile(join(folder, "own/libmpi.so.40"), "no library");
    await symlink(join(folder, "opt/bin/mpirun"), join(folder, "links/mpirun"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("is that of the mpirun on PATH, then what the system has; HEED_MPI names another, and only that", async () => {
    const found = await findMpi({ PATH: `${join(folder, "nowhere")}:${join(folder, "links")}` });
    expect(found.files[0]).toBe(join(folder, "opt/lib/libmpi.so.40"));
    expect(found.files.at(-1)).toMatch(/^libmpi\./);
    expect((await findMpi({ PATH: "" })).files.every((file) => !file.includes("/"))).toBe(true);
    const own = await findMpi({ PATH: join(folder, "links"), HEED_MPI: join(folder, "own") });
    expect(own.files).toEqual([join(folder, "own/libmpi.so.40")]);
  });

  it("that cannot be opened is said, with what to do", async () => {
    const { files, named } = await findMpi({ HEED_MPI: join(folder, "own") });
    await expect(openMpi(files, named)).rejects.toThrow(
      /^Open MPI's library \(libmpi\.so\.40\) was not found in .*own, which HEED_MPI names .* Install Open MPI 4 or 5/,
    );
    await expect(openMpi([])).rejects.toThrow(/beside mpirun and among the system's libraries\. Install/);
  });
});
