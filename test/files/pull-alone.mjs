// Pulls a model in a process of its own, which a test kills: node pull-alone.mjs ENDPOINT CACHE REPO
import { pull } from "../../dist/files/hub.js";

const [, , HF_ENDPOINT, HEED_CACHE, repo] = process.argv;
await pull(repo, { environment: { HF_ENDPOINT, HEED_CACHE } });
