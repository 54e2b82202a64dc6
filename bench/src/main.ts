import { codegen } from "./codegen.js";
import { disk } from "./disk.js";
import { goOverhead } from "./go-overhead.js";
import { ingest } from "./ingest.js";
import { leaks } from "./leaks.js";
import { loading } from "./loading.js";
import { onelinerStart } from "./oneliner-start.js";
import { query } from "./query.js";
import { ringbuf } from "./ringbuf.js";
import { web } from "./web.js";

/** Benchmark is one comparison: what it shows, and the function that runs it with the arguments behind its name. */
interface Benchmark {
  readonly shows: string;
  run(args: readonly string[]): Promise<void>;
}

const benchmarks: Readonly<Record<string, Benchmark>> = {
  codegen: {
    shows: "our code beside clang's for probes written in both languages; --peer bpftrace: one-liners",
    run: codegen,
  },
  disk: { shows: "bytes of a span and a log record on disk, by column", run: disk },
  "go-overhead": {
    shows:
      "requests/s of a service at its maximum, observed against not; --peers: go-auto, bare loaders in C",
    run: goOverhead,
  },
  ingest: {
    shows: "acknowledged spans/s over HTTP, gRPC and gzip, CPU, memory, age when queryable, bytes on disk",
    run: ingest,
  },
  leaks: {
    shows: "10,000 times load, attach, read, close: descriptors, mappings, memory, kernel objects",
    run: leaks,
  },
  load: {
    shows: "an object of 30 programs and 20 maps: time to load beyond the kernel's own, beside ebpf-go",
    run: loading,
  },
  "oneliner-start": {
    shows:
      "whole processes of one-liners: first line, wall time, memory, beside bpftrace; compiling 1,000 lines",
    run: onelinerStart,
  },
  query: {
    shows: "an hour of spans, log records and points: trace by id, search, p99 by minute, the fused join",
    run: query,
  },
  ringbuf: {
    shows:
      "ring buffers: drained, live at 5 M events/s, idle, and how soon an event is there, beside ebpf-go",
    run: ringbuf,
  },
  web: {
    shows:
      "the page in a headless browser: a trace of 100,000 spans, a million log lines, a day, 10,000 series",
    run: web,
  },
};

const [name, ...args] = process.argv.slice(2);
const chosen = name === undefined || !Object.hasOwn(benchmarks, name) ? undefined : benchmarks[name];
if (chosen === undefined) {
  console.log("npm run bench -- NAME [options]\n");
  for (const [key, row] of Object.entries(benchmarks)) console.log(`  ${key.padEnd(14)}${row.shows}`);
  process.exitCode = name === undefined ? 0 : 2;
} else {
  await chosen.run(args);
}
