import { type ChildProcess, spawn } from "node:child_process";
import type { Closing } from "../closing.js";
import { CliError } from "../failure.js";

/** startCommand starts the command of -c; the promise is kept when it ends. */
export function startCommand(text: string, closing: Closing): Promise<void> {
  const child: ChildProcess = spawn("/bin/sh", ["-c", `exec ${text}`], { stdio: "inherit" });
  closing.defer(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill();
  });
  return new Promise((resolve, reject) => {
    child.once("exit", () => resolve());
    child.once("error", (error) =>
      reject(new CliError("command-failed", `cannot start ${text}: ${error.message}`)),
    );
  });
}

/** ended waits for a signal, the time or the child, whatever comes first. */
export function ended(
  interrupted: AbortSignal,
  duration: number | undefined,
  child: Promise<void> | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (interrupted.aborted) return resolve();
    // The timer also keeps the process alive while nothing else would.
    const timer = setTimeout(resolve, duration ?? 2 ** 31 - 1);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    interrupted.addEventListener("abort", end, { once: true });
    child?.then(end, (error: unknown) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}
