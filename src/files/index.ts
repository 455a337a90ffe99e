// The disk and the hub are not here: they are ./disk.ts and ./hub.ts, which a page must not load.
export { browserFolder } from "./browser.ts";
export { crc32, crc32c } from "./crc.ts";
export type { Checksum } from "./crc.ts";
export { fetchFolder } from "./fetch.ts";
export type { Content, Entry, Folder, Kind, Lock, ReadableFolder } from "./folder.ts";
export { pieces, together } from "./folder.ts";
export { memoryFolder } from "./memory.ts";
export { isForeign, isPartial, isPickle } from "./model-files.ts";
export { joinPaths } from "./paths.ts";
export { readJson, readLines, readText, streamLines, unpacked } from "./text.ts";
