import { spawn } from "node:child_process";

/** Commands runs what system() asks for, one after the other, and keeps what is told behind them in its order. */
export interface Commands {
  run(command: string): void;
  /** behind does something when the commands before it have ended. */
  behind(work: () => void): void;
  isBusy(): boolean;
  /** settled waits until nothing is left, or until Ctrl-C: what waits then is dropped. */
  settled(interrupted: AbortSignal): Promise<void>;
}

/** waitingLimit bounds what may wait: more commands than can be run are dropped, as lost records are. */
const waitingLimit = 10_000;

/** output runs a command by the shell and gives what it wrote to stdout. */
function output(command: string): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn("sh", ["-c", command], { stdio: ["inherit", "pipe", "inherit"] });
    const parts: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => parts.push(part));
    child.once("error", () => resolve(""));
    child.once("close", () => resolve(Buffer.concat(parts).toString("utf8")));
  });
}

/** newCommands makes an idle runner; `told` gets each command's output. */
export function newCommands(told: (text: string) => void): Commands {
  const waiting: (() => void | Promise<void>)[] = [];
  let working: Promise<void> | undefined;
  let dropped = false;
  let refused = false;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !dropped; next = waiting.shift()) await next();
    working = undefined;
  };
  const add = (step: () => void | Promise<void>): void => {
    if (waiting.length < waitingLimit) waiting.push(step);
    working ??= work();
  };
  return {
    run(command) {
      if (!refused) add(async () => told(await output(command)));
    },
    behind: add,
    isBusy: () => working !== undefined,
    async settled(interrupted) {
      refused ||= interrupted.aborted;
      if (working === undefined) return;
      const stop = new Promise<void>((resolve) => {
        if (interrupted.aborted) resolve();
        interrupted.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.race([working, stop]);
      dropped = true;
      waiting.length = 0;
      await working;
      working = undefined;
      // After Ctrl-C no more commands are started; what is told goes on.
      dropped = false;
      refused = interrupted.aborted;
    },
  };
}
