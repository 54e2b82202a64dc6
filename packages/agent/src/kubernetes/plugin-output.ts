import { spawn } from "node:child_process";

const timeoutMs = 60_000;
const longest = 1 << 20;

/**
 * outputOf runs a program to its end and gives what it wrote; rejects with the last line of its complaints. When the signal says so, or
 * after a minute, it is ended with all that it has started itself: many plugins are scripts around another program.
 */
export function outputOf(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    // Detached it has a process group of its own.
    const child = spawn(program, args, { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const written = { stdout: "", stderr: "" };
    const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const finish = (act: () => void): void => {
      limited.removeEventListener("abort", onAbort);
      act();
    };
    const end = (error: Error): void => {
      endGroup(child.pid);
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      finish(() => reject(error));
    };
    const onAbort = (): void =>
      end(new Error(signal.aborted ? "it was not waited for" : `it took longer than ${timeoutMs / 1000} s`));
    limited.addEventListener("abort", onAbort);
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (piece: string) => {
        written[name] += piece;
        if (written[name].length > longest) end(new Error("it writes without end"));
      });
    child.once("error", (error) => finish(() => reject(error)));
    child.once("close", (code, how) =>
      finish(() => {
        if (code === 0) return resolve(written.stdout);
        const said = written.stderr.trim().split("\n").at(-1);
        reject(new Error(said || (how === null ? `it ended with ${code}` : `it was ended by ${how}`)));
      }),
    );
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGTERM");
  } catch {
    // It has ended meanwhile.
  }
}
