/** Models of the Hugging Face hub in a cache of this machine. A page has ./no-hub.ts in its place. */
export { findModel, modelCache, type Environment, type FindOptions } from "./hub-cache.ts";
export type { HubFile, HubOptions } from "./hub-client.ts";
export { pull, type Pulled, type PullOptions, type PullProgress } from "./pull.ts";
