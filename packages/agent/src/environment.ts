// The only place of this package that reads the environment.
import { homedir } from "node:os";
import { join } from "node:path";

/** environment is what the agent takes from its process's environment. */
export const environment = {
  /** cacheFolder is where compiled probes are kept: GO3S_CACHE, else in the user's own cache. */
  cacheFolder: process.env["GO3S_CACHE"] || join(homedir(), ".cache", "go3s"),
} as const;
