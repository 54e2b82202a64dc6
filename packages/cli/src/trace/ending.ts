import { type ChildProcess, spawn } from "node:child_process";
import type { Closing } from "../closing.js";
import { CliError } from "../failure.js";

/** Waiting is the command of -c before it is let go: its number is known, and it does nothing yet. */
export interface Waiting {
  readonly pid: number;
  /** go lets it run; the promise is kept when it ends. */
  go(): Promise<void>;
}

/** prepareCommand starts the command of -c and holds it before its first instruction. */
export function prepareCommand(text: string, closing: Closing, isPlain = false): Waiting {
  // The shell waits at a pipe of its own, so that the command's stdin stays the terminal's.
  // bpftrace knows no quotes in commands: a plain one is taken apart at its blanks.
  const args = isPlain ? ['exec "$@"', "sh", ...text.trim().split(/\s+/)] : [`exec ${text}`];
  const [command = "", ...words] = args;
  const child: ChildProcess = spawn("/bin/sh", ["-c", `read _ <&3; exec 3<&-; ${command}`, ...words], {
    stdio: ["inherit", "inherit", "inherit", "pipe"],
  });
  closing.defer(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill();
  });
  const end = new Promise<void>((resolve, reject) => {
    child.once("exit", () => resolve());
    child.once("error", (error) =>
      reject(new CliError("command-failed", `cannot start ${text}: ${error.message}`)),
    );
  });
  end.catch(() => undefined);
  const pipe = child.stdio[3];
  // A shell that cannot read the command is gone before it is let go: its exit tells, the broken pipe is no news.
  pipe?.on("error", () => undefined);
  return {
    pid: child.pid ?? 0,
    go() {
      if (pipe !== null && pipe !== undefined && "end" in pipe) pipe.end("\n");
      return end;
    },
  };
}

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
