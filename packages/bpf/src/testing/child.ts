import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** WaitingChild is a shell that runs a command, in the same process, once it is told to. */
export interface WaitingChild {
  readonly pid: number;
  /** go lets it run the command and resolves when it has ended. */
  go(): Promise<void>;
  kill(): void;
}

/** startWaiting starts a shell that waits for a line and then becomes the command. */
export async function startWaiting(command: string): Promise<WaitingChild> {
  const child: ChildProcess = spawn("/bin/sh", ["-c", `read line; exec ${command}`], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  await once(child, "spawn");
  const { pid, stdin } = child;
  if (pid === undefined || stdin === null) throw new Error("the shell did not start");
  return {
    pid,
    async go() {
      const ended = once(child, "exit");
      stdin.end("\n");
      await ended;
    },
    kill: () => child.kill("SIGKILL"),
  };
}
