import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { partMarker } from "../discovery/registry.js";

/** RuntimeService is the running program of runtime-service.go.ts. */
export interface RuntimeService {
  readonly pid: number;
  /** ask has it do something ("allocate", "collect", "spin", "") and tell its figures. */
  ask(what: string): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}

/** startRuntimeService starts the built program. */
export async function startRuntimeService(path: string): Promise<RuntimeService> {
  const child = spawn(path, [], { stdio: ["pipe", "pipe", "inherit"], env: { [partMarker]: "test" } });
  const exited = once(child, "exit");
  const { pid } = child;
  if (pid === undefined) throw new Error(`${path} did not start`);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const next = await lines.next();
    if (next.done === true) throw new Error(`${path} ended`);
    return next.value;
  };
  await line();
  return {
    pid,
    async ask(what) {
      child.stdin.write(`${what}\n`);
      const told: Readonly<Record<string, number>> = JSON.parse(await line());
      return told;
    },
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
