import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { environment } from "./environment.js";
import { CliError } from "./failure.js";

/** HeldCommand is a process that waits to become the command which it was started for, so that nothing of it goes unseen. */
export interface HeldCommand {
  readonly pid: number;
  /** started rejects when not even the process that waits could be started. */
  readonly started: Promise<void>;
  readonly exited: Promise<void>;
  /** isHeld says whether a process is the one that waits, and waits still. */
  isHeld(pid: number): boolean;
  /** release lets it become the command. */
  release(): void;
  stop(): Promise<void>;
}

// Ends by itself when we are gone without a word. A shell's exec keeps the process, and its descriptors but ours.
const waiter = 'read -r go <&3 || exit 1; exec 3<&-; exec "$@"';

/**
 * startHeld starts a command in a process that waits for release(). Throws CliError "command-failed" for one that is not there, "usage" for
 * none.
 */
export function startHeld(command: readonly string[], json: boolean): HeldCommand {
  const [name] = command;
  if (name === undefined) throw new CliError("usage", "no command behind --");
  const why = whyNot(name);
  if (why !== "") throw new CliError("command-failed", `cannot start ${name}: ${why}`);
  // With --json our stdout holds spans only, so the command's words go to stderr.
  const child = spawn("/bin/sh", ["-c", waiter, "go3s", ...command], {
    stdio: ["inherit", json ? 2 : "inherit", "inherit", "pipe"],
  });
  const gate = child.stdio[3];
  // Its other end is closed when it is killed while it waits.
  gate?.on("error", () => undefined);
  const started = new Promise<void>((resolve, reject) => {
    child.once("spawn", () => resolve());
    child.once("error", (error) =>
      reject(new CliError("command-failed", `cannot start ${name}: ${error.message}`)),
    );
  });
  const exited = new Promise<void>((resolve, reject) => {
    child.once("exit", () => resolve());
    started.catch(reject);
  });
  exited.catch(() => undefined);
  let held = true;
  return {
    pid: child.pid ?? -1,
    started,
    exited,
    isHeld: (pid) => held && pid === child.pid,
    release() {
      held = false;
      openGate(child);
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill();
      await exited.catch(() => undefined);
    },
  };
}

function openGate(child: ChildProcess): void {
  const gate = child.stdio[3];
  if (gate !== null && gate !== undefined && "end" in gate) gate.end("\n");
}

/** whyNot says why a command cannot be started, as execvp(3) would; "" when it can. */
function whyNot(name: string): string {
  if (name === "") return "it has no name";
  const paths = name.includes("/")
    ? [name]
    : environment.path.split(delimiter).map((each) => join(each || ".", name));
  let refused = "no such file or directory";
  for (const path of paths) {
    try {
      if (!statSync(path).isFile()) continue;
      refused = "permission denied";
      accessSync(path, constants.X_OK);
      return "";
    } catch {
      // The next one may be there.
    }
  }
  return refused;
}
