/** Count is one counter; the hot path keeps a reference and adds to it. */
export interface Count {
  value: number;
}

interface Row {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** counterRows lists this package's counters as /metrics shows them (with `_total`). */
export const counterRows = {
  requests: {
    name: "go3s_receive_requests",
    help: "OTLP requests by how they ended: ok, or an error code of docs/errors.md.",
    labels: ["protocol", "signal", "outcome"],
  },
  items: {
    name: "go3s_receive_items",
    help: "Spans, log records and metric points acknowledged.",
    labels: ["protocol", "signal"],
  },
  bytes: {
    name: "go3s_receive_bytes",
    help: "Bytes of OTLP bodies as sent.",
    labels: ["protocol", "signal"],
  },
  dropped: {
    name: "go3s_dropped",
    help: "Everything refused or dropped, by place, reason and unit.",
    labels: ["place", "reason", "unit"],
  },
  sampled: {
    name: "go3s_sample_spans",
    help: "Spans that sampling kept or dropped, by reason; none without sampling.",
    labels: ["decision", "reason"],
  },
  web: { name: "go3s_web_requests", help: "Requests on the web port by status.", labels: ["status"] },
  queries: {
    name: "go3s_queries",
    help: "SQL statements run, by how they ended: ok or an error code.",
    labels: ["outcome"],
  },
} as const satisfies Readonly<Record<string, Row>>;

/** CounterName is a key of counterRows. */
export type CounterName = keyof typeof counterRows;

/** counterNames are the keys of counterRows in the order of /metrics. */
export const counterNames: readonly CounterName[] = [
  "requests",
  "items",
  "bytes",
  "dropped",
  "sampled",
  "web",
  "queries",
];

/** Counters holds every counter of one server. */
export interface Counters {
  readonly startedMs: number;
  readonly families: Readonly<Record<CounterName, Map<string, Count>>>;
}

/** createCounters starts all counters at nothing. */
export function createCounters(): Counters {
  return {
    startedMs: Date.now(),
    families: {
      requests: new Map(),
      items: new Map(),
      bytes: new Map(),
      dropped: new Map(),
      sampled: new Map(),
      web: new Map(),
      queries: new Map(),
    },
  };
}

// Label values here are our own words (codes, signals, statuses), never a client's text, so the series are bounded.
const separator = "\u0001";

/** count finds or makes the counter with these label values, in the order of its row's labels. */
export function count(counters: Counters, name: CounterName, ...labels: readonly string[]): Count {
  const key = labels.join(separator);
  const family = counters.families[name];
  const found = family.get(key);
  if (found) return found;
  const made = { value: 0 };
  family.set(key, made);
  return made;
}

/** labelled lists a family's counters with their label values. */
export function labelled(
  counters: Counters,
  name: CounterName,
): { readonly labels: readonly string[]; readonly value: number }[] {
  return [...counters.families[name]].map(([key, { value }]) => ({ labels: key.split(separator), value }));
}
