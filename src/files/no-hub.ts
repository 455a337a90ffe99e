import { InputError } from "../errors/index.ts";
import { fetchFolder } from "./fetch.ts";
import type { findModel as findOnDisk } from "./hub-cache.ts";
import type { pull as pullToDisk } from "./pull.ts";

/** A model by its web address: a page has neither a disk nor a cache of pulled models. @throws InputError for another name */
export const findModel: typeof findOnDisk = (name) => {
  if (/^https?:/i.test(name)) return Promise.resolve(fetchFolder(name));
  return Promise.reject(
    new InputError(
      `A page has no disk to find ${name} on. Give the web address of the model's folder, ` +
        `such as https://huggingface.co/OWNER/NAME/resolve/main.`,
    ),
  );
};

/** Stands in for the cache of the disk, which a page does not have. @throws InputError always */
export const pull: typeof pullToDisk = (repo) =>
  Promise.reject(
    new InputError(
      `A page has no disk to pull ${repo} to. Open it by its address: https://huggingface.co/${repo}/resolve/main.`,
    ),
  );
