// A process that reads a ring buffer: the half of `npm run bench -- ringbuf` that is ours. Arguments:
// object, its bindings' module or "none", mode.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import {
  attachRawTracepoint,
  DropCounters,
  eventView,
  type LoadedObject,
  openSession,
  RingBufferReader,
  type RingMemory,
} from "@go3s/bpf";
import { RECORD_BYTES, RING_BYTES } from "./ringbuf-object.js";

/** What is used of the view that the bindings' module has for Event. */
interface EventView {
  at(memory: RingMemory, offset: number, length: number): EventView;
  readonly PID: number;
  readonly TID: number;
  readonly Source: number;
  readonly Target: number;
  readonly SourcePort: number;
  readonly TargetPort: number;
  readonly Status: number;
  readonly CPU: number;
  readonly Kind: number;
  readonly Level: number;
  readonly Extra: number;
  readonly $number: {
    readonly Time: number;
    readonly Sequence: number;
    readonly Bytes: number;
    readonly Duration: number;
    readonly Count: number;
    readonly Sum: number;
    readonly Cookie: number;
    readonly Parent: number;
  };
}

const [path = "", bindings = "", mode = ""] = process.argv.slice(2);
const links = 100;
const session = openSession({
  object: readFileSync(path),
  attach:
    mode === "idle"
      ? [
          (object: LoadedObject) =>
            Array.from({ length: links }, () =>
              attachRawTracepoint(object.program("rarely"), { name: "mark_victim" }),
            ),
        ]
      : [],
});
const { object } = session;
if (object.types === undefined) throw new Error("the object has no types");
const view: EventView =
  bindings === "none" ? eventView(object.types, "Event") : new (await import(bindings)).EventView();
// In memory of its own: a variable of a module would be a new object for each sum that is no small integer.
const sums = new Float64Array(1);
let records = 0;
let latencies: number[] | undefined;
const now = (): number => {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
};
const reader = session.own(
  new RingBufferReader(object.map("events"), (memory, offset, length) => {
    const e = view.at(memory, offset, length);
    const wide = e.$number;
    sums[0] =
      (sums[0] ?? 0) +
      wide.Time +
      wide.Sequence +
      wide.Bytes +
      wide.Duration +
      e.PID +
      e.TID +
      e.Source +
      e.Target +
      e.SourcePort +
      e.TargetPort +
      e.Status +
      e.CPU +
      e.Kind +
      e.Level +
      e.Extra +
      wide.Count +
      wide.Sum +
      wide.Cookie +
      wide.Parent;
    records++;
    latencies?.push(now() - wide.Time);
  }),
);

function tell(answer: object): void {
  console.log(JSON.stringify(answer));
}

if (mode === "drain") {
  const data = new Uint8Array(64);
  const repeat = Math.floor((RING_BYTES - 4096) / RECORD_BYTES);
  const rounds = Number(process.argv[5]);
  let cpuUs = 0;
  let counted = 0;
  for (let round = 0; round < rounds + 3; round++) {
    object.program("quietly").testRun({ data, repeat });
    const before = process.cpuUsage();
    const got = reader.drain();
    const { user, system } = process.cpuUsage(before);
    // The first rounds are those in which the code is compiled.
    if (round < 3) continue;
    cpuUs += user + system;
    counted += got;
  }
  tell({ records: counted, cpuNs: cpuUs * 1000 });
  session.close();
} else {
  const program = mode === "quiet" ? "quietly" : "waking";
  if (mode === "latency") latencies = [];
  reader.start(
    mode === "quiet"
      ? { max: 5, asleep: object.variable("asleep") }
      : { max: 5, idle: Number.POSITIVE_INFINITY },
  );
  tell({ program: object.program(program).info().id });
  const lines = createInterface(process.stdin)[Symbol.asyncIterator]();
  await lines.next();
  const before = process.cpuUsage();
  await lines.next();
  const { user, system } = process.cpuUsage(before);
  reader.drain();
  const dropped = new DropCounters(object.map("drops")).total();
  latencies?.sort((a, b) => a - b);
  const at = (part: number): number => latencies?.[Math.floor(latencies.length * part)] ?? 0;
  tell({ records, cpuNs: (user + system) * 1000, dropped, median: at(0.5), p99: at(0.99), sum: sums[0] });
  session.close();
  process.stdin.destroy();
}
