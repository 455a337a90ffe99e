import { InputError } from "../errors/index.ts";
import type { Folder } from "./folder.ts";

/** Stands in for the disk in a page, which has none. @throws InputError always */
export function diskFolder(path = "."): Folder {
  throw new InputError(
    `A page has no disk to open ${path} on. Use browserFolder() for the browser's private storage, ` +
      `fetchFolder(address) for files of a server, or memoryFolder().`,
  );
}
