import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ProbeCheck, ProbeExample, ProbePort, ProbeText } from "@go3s/server";
import { galleryOf } from "./examples.js";
import { type CheckOrder, isChecked, isTold, type RunOrder, type StopOrder } from "./messages.js";

const checking = fileURLToPath(new URL("./check-process.js", import.meta.url));
const running = fileURLToPath(new URL("./run-process.js", import.meta.url));
// What the process that compiles has of the kernel's types is 60 MB: nobody typing, nobody there.
const idleMs = 60_000;
/** A program that takes longer to compile is a fault of ours, however busy the machine: its process is ended. */
const checkMs = 60_000;
const stopMs = 8_000;

/** openProbePort compiles and runs probes of the page in processes beside this one. */
export function openProbePort(): ProbePort {
  const checker = openChecker();
  const runs = new Set<ChildProcess>();
  let gallery: readonly ProbeExample[] | undefined;
  return {
    examples() {
      gallery ??= galleryOf();
      return gallery;
    },
    check: (program) => checker.check(program),
    run(order, told) {
      const child = fork(running, [], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
      runs.add(child);
      let isOver = false;
      const gone = new Promise<void>((resolve) => {
        child.once("close", (code, signal) => {
          runs.delete(child);
          if (!isOver) {
            isOver = true;
            const how = signal === null ? `ended with ${code}` : `was ended by ${signal}`;
            const failure = {
              code: "internal",
              message: `the probe's process ${how}`,
              hint: "",
              mistakes: [],
            };
            told({ type: "ended", by: "itself", failure });
          }
          resolve();
        });
      });
      child.on("error", () => undefined);
      child.on("message", (message) => {
        if (isOver || !isTold(message)) return;
        isOver = message.type === "ended";
        told(message);
      });
      child.send({ type: "run", order } satisfies RunOrder);
      return {
        async stop() {
          const force = setTimeout(() => child.kill("SIGKILL"), stopMs);
          if (child.connected) child.send({ type: "stop" } satisfies StopOrder, () => undefined);
          await gone;
          clearTimeout(force);
        },
      };
    },
    async close() {
      checker.close();
      for (const child of runs) child.kill("SIGKILL");
    },
  };
}

interface Checker {
  check(program: ProbeText): Promise<ProbeCheck>;
  close(): void;
}

/** openChecker keeps a process that compiles while somebody types. */
function openChecker(): Checker {
  let current: ReturnType<typeof startChecking> | undefined;
  let idle: NodeJS.Timeout | undefined;
  let late: NodeJS.Timeout | undefined;
  const end = (): void => {
    clearTimeout(idle);
    clearTimeout(late);
    current?.end();
    current = undefined;
  };
  const after = (ms: number): NodeJS.Timeout => setTimeout(end, ms).unref();
  let isClosed = false;
  const attempt = async (program: ProbeText): Promise<ProbeCheck> => {
    if (current?.isOver() !== false) current = startChecking();
    clearTimeout(idle);
    idle = after(idleMs + checkMs);
    clearTimeout(late);
    late = after(checkMs);
    const check = await current.check(program);
    clearTimeout(late);
    return check;
  };
  return {
    async check(program) {
      // A process may end for what the program is not to blame for, such as want of memory: a new one is asked once more.
      const check = await attempt(program);
      return check === brokeOff && !isClosed ? attempt(program) : check;
    },
    close() {
      isClosed = true;
      end();
    },
  };
}

/** startChecking starts one process; what it still owes when it ends is answered with that. */
function startChecking() {
  const child = fork(checking, [], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const waiting = new Map<number, (check: ProbeCheck) => void>();
  let isOver = false;
  let next = 1;
  child.on("error", () => undefined);
  child.on("message", (message) => {
    if (!isChecked(message)) return;
    waiting.get(message.id)?.(message.check);
    waiting.delete(message.id);
  });
  child.once("close", () => {
    isOver = true;
    for (const resolve of waiting.values()) resolve(brokeOff);
    waiting.clear();
  });
  return {
    isOver: () => isOver,
    end: () => void child.kill("SIGKILL"),
    check: (program: ProbeText) =>
      new Promise<ProbeCheck>((resolve) => {
        const id = next++;
        waiting.set(id, resolve);
        child.send({ type: "check", id, program } satisfies CheckOrder, () => undefined);
      }),
  };
}

const brokeOff: ProbeCheck = {
  ok: false,
  mistakes: [
    {
      severity: "error",
      code: "internal",
      message: "the compiler broke off",
      hint: "this is a bug; please report it with the program",
      from: 0,
      to: 0,
      line: 1,
      column: 1,
      story: [],
    },
  ],
  programs: [],
  took_ms: 0,
};
