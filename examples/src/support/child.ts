import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** WaitingChild is a process that is there, so that it can be watched, and that does nothing until it is told to. */
export interface WaitingChild {
  readonly pid: number;
  /** go lets it become the command and resolves when that has ended. */
  go(): Promise<void>;
  kill(): void;
}

/** startWaiting starts a shell that waits for a line and then becomes the command. */
export async function startWaiting(command: string): Promise<WaitingChild> {
  const child: ChildProcess = spawn("/bin/sh", ["-c", `read line; exec ${command}`], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  await once(child, "spawn");
  const { pid, stdin } = child;
  if (pid === undefined || stdin === null) throw new Error("the shell did not start");
  const ended = once(child, "exit");
  return {
    pid,
    async go() {
      stdin.end("\n");
      await ended;
    },
    kill: () => child.kill("SIGKILL"),
  };
}
