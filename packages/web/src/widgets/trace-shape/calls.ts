import type { MapEdge, MapNode, Red } from "@go3s/server";
import type { Graph } from "../map/graph.js";
import type { TraceModel } from "../waterfall/model.js";

/** CallsOfTrace is who called whom in one trace, as a map: requests are spans, p50 is time by itself, p99 time together. */
export interface CallsOfTrace {
  readonly graph: Graph;
  /** self: each service's own time, what no child covers. */
  readonly self: ReadonlyMap<string, number>;
}

interface Sum {
  count: number;
  errors: number;
  ns: number;
}

/** idOf is a service's node in the map of a trace. */
const idOf = (service: string): string => `service ${service}`;

function redOf({ count, errors, ns }: Sum): Red {
  return {
    requests: count,
    rate: count,
    errors,
    error_share: count === 0 ? 0 : errors / count,
    p50_ns: ns,
    p95_ns: ns,
    p99_ns: ns,
  };
}

function add(sums: Map<number, Sum>, key: number, failed: number, ns: number): void {
  const sum = sums.get(key);
  if (sum === undefined) sums.set(key, { count: 1, errors: failed, ns });
  else {
    sum.count++;
    sum.errors += failed;
    sum.ns += ns;
  }
}

/** callsOf counts a trace's spans by service, and its calls from one service to another; edges' times are of the called spans. */
export function callsOf(model: TraceModel, self: Float64Array): CallsOfTrace {
  const { services } = model.answer;
  const nodes = new Map<number, Sum>();
  const edges = new Map<number, Sum>();
  for (let row = 0; row < model.count; row++) {
    const service = model.service[row] ?? 0;
    const failed = model.failed[row] ?? 0;
    add(nodes, service, failed, self[row] ?? 0);
    const above = model.parent[row] ?? -1;
    const caller = above < 0 ? service : (model.service[above] ?? 0);
    if (caller !== service) add(edges, caller * services.length + service, failed, model.length[row] ?? 0);
  }
  const name = (at: number) => services[at] ?? "";
  const byId = (a: { readonly id: string }, b: { readonly id: string }) => (a.id < b.id ? -1 : 1);
  const shown: MapNode[] = [...nodes].map(([at, sum]) => ({
    id: idOf(name(at)),
    name: name(at),
    kind: "service",
    ...redOf(sum),
  }));
  const pairs = [...edges].map(([key, sum]) => {
    const from = idOf(name(Math.floor(key / services.length)));
    const to = idOf(name(key % services.length));
    const edge: MapEdge = { from, to, source: "spans", bytes_sent: 0, bytes_received: 0, ...redOf(sum) };
    return { id: `${from} → ${to}`, from, to, spans: edge, tcp: undefined };
  });
  return {
    graph: { nodes: shown.sort(byId), pairs: pairs.sort(byId), merged: 0 },
    self: new Map([...nodes].map(([at, sum]) => [name(at), sum.ns])),
  };
}
