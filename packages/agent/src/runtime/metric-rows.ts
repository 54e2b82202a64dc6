/** MetricRow is what a metric of the agent is called, counted in, and what it says. */
export interface MetricRow {
  /** gauge: as it is now; sum: the same, to be added up over processes; counter: only grows. */
  readonly kind: "gauge" | "sum" | "counter" | "histogram";
  readonly unit: string;
  readonly description: string;
  /** sinceWatched: it counts from when the process was watched; else from the process's start. */
  readonly sinceWatched?: true;
}

/**
 * metricRows are the metrics of watched processes. Those without go3s in their names are OpenTelemetry's
 * of version 1.44 (opentelemetry.io/docs/specs/semconv: runtime/go-metrics, system/process-metrics, http/http-metrics); go.gc.* follow
 * its jvm.gc.*: its go.memory.gc.pause.duration is of each stop, theirs of each collection.
 */
export const metricRows = {
  "go.goroutine.count": {
    kind: "sum",
    unit: "{goroutine}",
    description: "Goroutines that live, without the runtime's own",
  },
  "go.processor.limit": { kind: "sum", unit: "{thread}", description: "GOMAXPROCS" },
  "go.memory.used": { kind: "sum", unit: "By", description: "Memory in use by Go's runtime" },
  "go.memory.limit": { kind: "sum", unit: "By", description: "GOMEMLIMIT, where it is set" },
  "go.memory.allocated": { kind: "counter", unit: "By", description: "Bytes allocated on the heap" },
  "go.memory.allocations": { kind: "counter", unit: "{allocation}", description: "Allocations on the heap" },
  "go3s.heap.allocation.size": {
    kind: "histogram",
    unit: "By",
    description: "Allocations on the heap by size, as Go rounds sizes up",
  },
  "go.memory.gc.goal": {
    kind: "sum",
    unit: "By",
    description: "The heap's size that the next collection aims at",
  },
  "go.config.gogc": { kind: "sum", unit: "%", description: "GOGC" },
  "go.schedule.duration": {
    kind: "histogram",
    unit: "s",
    description:
      "How long goroutines were runnable before they ran: one in eight, as the runtime counts them",
  },
  "go.memory.gc.cycles": {
    kind: "counter",
    unit: "{gc_cycle}",
    description: "Completed garbage collections",
  },
  "go.gc.pause.duration": {
    kind: "histogram",
    unit: "s",
    description: "How long each garbage collection stopped the program, its phases together",
  },
  "go.gc.cycle.duration": {
    kind: "histogram",
    unit: "s",
    description:
      "Garbage collections from their first stop to their last, as far as a look ten times a second sees them",
  },
  "go3s.goroutines.count": {
    kind: "gauge",
    unit: "{goroutine}",
    description: "Goroutines that live, without the runtime's own",
  },
  "go3s.goroutines.state": {
    kind: "gauge",
    unit: "{goroutine}",
    description: "Goroutines by state (go3s.goroutine.state), the runtime's own among them",
  },
  "go3s.goroutines.waiting": {
    kind: "gauge",
    unit: "{goroutine}",
    description: "Goroutines by what they wait for (go3s.goroutine.wait_reason), in the runtime's words",
  },
  "go3s.heap.alloc_bytes.total": { kind: "counter", unit: "By", description: "Bytes allocated on the heap" },
  "go3s.heap.live_bytes": { kind: "gauge", unit: "By", description: "What the last collection found in use" },
  "go3s.scheduler.runqueue.length": {
    kind: "gauge",
    unit: "{goroutine}",
    description: "Goroutines that wait for a processor: the mean of the looks in a second",
  },
  "go3s.scheduler.runqueue.peak": {
    kind: "gauge",
    unit: "{goroutine}",
    description: "Goroutines that wait for a processor: the most of the looks in a second",
  },
  "go3s.scheduler.processors": {
    kind: "gauge",
    unit: "{processor}",
    description: "Ps by state (go3s.processor.state)",
  },
  "go3s.scheduler.threads": {
    kind: "gauge",
    unit: "{thread}",
    description: "Ms by state (go3s.thread.state)",
  },
  "process.cpu.time": { kind: "counter", unit: "s", description: "CPU time used, by cpu.mode" },
  "process.memory.usage": { kind: "sum", unit: "By", description: "Resident memory" },
  "process.memory.virtual": { kind: "sum", unit: "By", description: "Address space" },
  "process.thread.count": { kind: "sum", unit: "{thread}", description: "Threads" },
  "process.unix.file_descriptor.count": {
    kind: "sum",
    unit: "{file_descriptor}",
    description: "Open file descriptors",
  },
  "go3s.tcp.connections": {
    kind: "sum",
    unit: "{connection}",
    description: "Open TCP connections by state (network.connection.state)",
  },
  "go3s.tcp.retransmits": {
    kind: "counter",
    unit: "{segment}",
    description: "Segments that were sent once more",
    sinceWatched: true,
  },
  "go3s.tcp.rtt": {
    kind: "histogram",
    unit: "s",
    description:
      "Smoothed round-trip times of connections that were used, as the kernel measures them: every ten seconds, and at their end",
  },
  "http.server.request.duration": {
    kind: "histogram",
    unit: "s",
    description: "Duration of HTTP server requests",
  },
  "http.client.request.duration": {
    kind: "histogram",
    unit: "s",
    description: "Duration of HTTP client requests",
  },
  "rpc.server.call.duration": {
    kind: "histogram",
    unit: "s",
    description: "Measures the duration of an incoming Remote Procedure Call (RPC)",
  },
  "rpc.client.call.duration": {
    kind: "histogram",
    unit: "s",
    description: "Measures the duration of an outgoing Remote Procedure Call (RPC)",
  },
  "db.client.operation.duration": {
    kind: "histogram",
    unit: "s",
    description: "Duration of database client operations",
  },
  "messaging.process.duration": {
    kind: "histogram",
    unit: "s",
    description: "Duration of processing operation",
  },
} as const satisfies Readonly<Record<string, MetricRow>>;

/** MetricName is a metric of metricRows. */
export type MetricName = keyof typeof metricRows;
