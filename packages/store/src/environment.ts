/**
 * engineEnvironment is the environment of the engine's process. libuv's pool carries its queries, its insert and
 * its files: four queries at once, the insert, and room for files. TZ makes times the same on every machine. Options
 * that were meant for the parent's Node (a debugger's port, a loader) are not for this one.
 */
export function engineEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, UV_THREADPOOL_SIZE: "8", TZ: "UTC", NODE_OPTIONS: "" };
}
