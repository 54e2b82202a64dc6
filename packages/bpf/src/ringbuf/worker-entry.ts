// The thread that startRingWorker() starts.
import { parentPort, workerData } from "node:worker_threads";
import { BpfError } from "../errors.js";
import { Descriptor } from "../kernel/fd.js";
import { BpfMap } from "../maps/map.js";
import { RingBufferReader } from "./reader.js";
import type { CreateRingHandler, WorkerAnswer, WorkerStart } from "./worker.js";

async function importHandler(module: string): Promise<CreateRingHandler> {
  const exported: { createHandler?: CreateRingHandler } = await import(module);
  if (typeof exported.createHandler === "function") return exported.createHandler;
  throw new BpfError("bad-argument", `${module} exports no function createHandler`, {
    hint: "export function createHandler({ data, post }) { return { record(memory, offset, length) {} } }",
  });
}

async function read(port: NonNullable<typeof parentPort>, start: WorkerStart): Promise<void> {
  const post = (answer: WorkerAnswer, transfer?: readonly ArrayBuffer[]): void =>
    port.postMessage(answer, transfer);
  const createHandler = await importHandler(start.module);
  const handler = await createHandler({
    data: start.data,
    post: (value, transfer) => post({ kind: "message", value }, transfer),
  });
  // The starting thread owns the descriptor and closes it after this thread's end.
  const map = new BpfMap(start.spec, new Descriptor(start.fd, `map "${start.spec.name}"`));
  const reader = new RingBufferReader(map, handler.record);
  // A mapping outlives its thread, and would keep the ring buffer in the kernel.
  process.on("uncaughtExceptionMonitor", () => reader.close());
  port.on("message", (wish: "counts" | "close") => {
    if (wish === "close") {
      reader.stop();
      if (reader.drain() > 0) handler.drained?.();
      post({ kind: "counts", counts: reader.counts() });
      reader.close();
      handler.close?.();
      // Last: what is posted after it is lost. With nothing left to wait for the thread ends.
      port.close();
    } else {
      post({ kind: "counts", counts: reader.counts() });
    }
  });
  reader.start(start.timer, handler.drained === undefined ? undefined : () => handler.drained?.());
  post({ kind: "ready" });
}

if (parentPort !== null) await read(parentPort, workerData);
