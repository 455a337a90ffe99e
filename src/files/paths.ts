import { InputError } from "../errors/index.ts";

/** The parts of a path below a root, without ".", with ".." resolved. Throws InputError where it leaves the root. */
export function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) {
      throw new InputError(`The path "${path}" leaves its folder. Name a file inside the folder.`);
    }
  }
  return parts;
}

/** Joins two paths below a root: joinPaths("a/b", "../c") is "a/c". The root itself is "". */
export function joinPaths(folder: string, path: string): string {
  return partsOf(`${folder}/${path}`).join("/");
}

// A name that no user's file has, so that cleaning up after a killed process removes nothing else.
const ASIDE = /^\.(.+)\.[0-9a-z]+-[0-9a-z]+-[0-9a-z]+\.heed-(new|old)$/;

/** For a name of something written or kept aside: what it stands for, and whether it is the new or the old one. */
export function parseAside(name: string): { readonly name: string; readonly age: "new" | "old" } | undefined {
  const match = ASIDE.exec(name);
  return match === null ? undefined : { name: match[1]!, age: match[2] === "new" ? "new" : "old" };
}
