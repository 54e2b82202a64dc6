import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const sinkPath = fileURLToPath(new URL("../load/sink.js", import.meta.url));

/** Sink is an OTLP/HTTP receiver in a process of its own that stores nothing. */
export interface Sink {
  readonly pid: number;
  readonly url: string;
  /** serverSpans is how many spans of kind SERVER came: of a sink that counts, which is asked when nothing is measured any more. */
  serverSpans(): Promise<number>;
  stop(): Promise<void>;
}

/** startSink waits until it listens; one that counts keeps what it gets until it is asked. */
export async function startSink(how: { readonly counts?: boolean } = {}): Promise<Sink> {
  const sink = spawn(process.execPath, [sinkPath, ...(how.counts === true ? ["--count"] : [])], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [port]: string[] = await once(lines(sink), "line");
  const url = `http://127.0.0.1:${port}`;
  return {
    pid: sink.pid ?? 0,
    url,
    serverSpans: async () => Number(await (await fetch(url)).text()),
    stop: () => end(sink),
  };
}

/** lines reads what a process says. */
export function lines(child: ChildProcess): ReturnType<typeof createInterface> {
  if (child.stdout === null) throw new Error("the process has no output");
  return createInterface(child.stdout);
}

async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
