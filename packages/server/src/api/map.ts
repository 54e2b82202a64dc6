import { number, numberOrNull, type Row, text, wordOf } from "../query/rows.js";
import { type ApiContext, type ApiRequest, lastSeen, rows } from "./context.js";
import { filterOf, limitOf, rangeOf } from "./parameters.js";
import { addRed, redOf } from "./red.js";
import { rolled } from "./rollup.js";
import type { MapAnswer, MapEdge, MapNode, MapNodeKind, Range, Red, TcpAnswer, TcpRow } from "./types.js";

const nothing: Red = { requests: 0, rate: 0, errors: 0, error_share: 0, p50_ns: 0, p95_ns: 0, p99_ns: 0 };

/** map answers GET map: services, what they call by their spans, and who is connected by TCP. */
export async function map(context: ApiContext, request: ApiRequest): Promise<MapAnswer> {
  const range = rangeOf(request.search, request.nowMs);
  const filter = filterOf(request.search);
  const [spanRows, messageRows, tcpRows, serviceRows] = await Promise.all([
    rows(context, request, { statement: "edges", range, filter, parameters: { service: "" } }),
    rows(context, request, {
      statement: "message-edges",
      range,
      filter,
      parameters: { service: "", taker: "" },
    }),
    rows(context, request, { statement: "tcp-edges", range, filter, on: "logs" }),
    rows(context, request, { statement: rolled("map-services", range, filter), range, filter }),
  ]);
  const services = new Map(serviceRows.map((row) => [text(row, "service_name"), redOf(row, range)]));
  const nodes = new Map<string, MapNode>();
  for (const [name, red] of services) nodeFor(nodes, services, name, "service", red);
  const edges = [
    ...joined([...spanRows, ...messageRows].map((row) => spanEdge(row, range, nodes, services))),
    ...tcpRows.map((row) => tcpEdge(row, range, nodes, services)),
  ];
  const quiet = nodes.size === 0;
  return {
    range,
    nodes: [...nodes.values()],
    edges,
    last_seen_ms: quiet ? await lastSeen(context, request, "traces", range) : range.to_ms,
  };
}

/** nodeFor finds or makes a node; a name that has spans is a service wherever it shows up. */
function nodeFor(
  nodes: Map<string, MapNode>,
  services: ReadonlyMap<string, Red>,
  name: string,
  kind: MapNodeKind,
  red: Red,
): string {
  const real = services.has(name) ? "service" : kind;
  const id = `${real}:${name}`;
  const known = nodes.get(id);
  if (!known) nodes.set(id, { id, name, kind: real, ...red });
  else if (real !== "service") nodes.set(id, { ...known, ...addRed(known, red) });
  return id;
}

function spanEdge(
  row: Row,
  range: Range,
  nodes: Map<string, MapNode>,
  services: ReadonlyMap<string, Red>,
): MapEdge {
  const red = redOf(row, range);
  const kind = wordOf(row, "target_kind", ["external", "service", "database", "messaging"]);
  return {
    from: nodeFor(nodes, services, text(row, "source"), "service", nothing),
    to: nodeFor(nodes, services, text(row, "target"), kind, red),
    source: "spans",
    ...red,
    bytes_sent: 0,
    bytes_received: 0,
  };
}

/** joined makes one edge of those between the same two: some messages are joined by their traces, some by their batches. */
function joined(edges: readonly MapEdge[]): readonly MapEdge[] {
  const known = new Map<string, MapEdge>();
  for (const edge of edges) {
    const pair = `${edge.from} ${edge.to}`;
    const before = known.get(pair);
    known.set(pair, before === undefined ? edge : { ...before, ...addRed(before, edge) });
  }
  return [...known.values()];
}

function tcpEdge(
  row: Row,
  range: Range,
  nodes: Map<string, MapNode>,
  services: ReadonlyMap<string, Red>,
): MapEdge {
  const red = redOf(row, range);
  const peerKind = wordOf(row, "peer_kind", ["external", "process"]);
  const fromPeer = number(row, "from_peer") === 1;
  // The connections of a node stay on its edges: its own figures are those of its requests.
  const node = (name: string, isPeer: boolean) =>
    nodeFor(nodes, services, name, isPeer ? peerKind : "process", nothing);
  return {
    from: node(text(row, "source"), fromPeer),
    to: node(text(row, "target"), !fromPeer),
    source: "tcp",
    ...red,
    bytes_sent: number(row, "sent"),
    bytes_received: number(row, "received"),
  };
}

/** tcp answers GET tcp: recent connections. */
export async function tcp(context: ApiContext, request: ApiRequest): Promise<TcpAnswer> {
  const range = rangeOf(request.search, request.nowMs);
  const limit = limitOf(request.search, 200, 5000);
  const found = await rows(context, request, {
    statement: "tcp",
    range,
    filter: filterOf(request.search),
    on: "logs",
    parameters: { limit: limit + 1 },
  });
  return { range, connections: found.slice(0, limit).map(tcpRow), more: found.length > limit };
}

function endpoint(row: Row, side: "local" | "peer"): string {
  const address = text(row, `${side}_address`);
  const port = text(row, `${side}_port`);
  return `${address.includes(":") ? `[${address}]` : address}${port === "" ? "" : `:${port}`}`;
}

function tcpRow(row: Row): TcpRow {
  return {
    timestamp_ns: text(row, "at_ns"),
    event: wordOf(row, "event_name", ["tcp.connect", "tcp.close"]),
    service_name: text(row, "service_name"),
    pid: number(row, "pid"),
    role: wordOf(row, "role", ["", "client", "server"]),
    network_type: wordOf(row, "network_type", ["", "ipv4", "ipv6"]),
    local: endpoint(row, "local"),
    peer: endpoint(row, "peer"),
    peer_service: text(row, "peer_service"),
    connect_ns: numberOrNull(row, "connect_ns"),
    duration_ns: numberOrNull(row, "duration_ns"),
    bytes_sent: numberOrNull(row, "bytes_sent"),
    bytes_received: numberOrNull(row, "bytes_received"),
    error_type: text(row, "error_type"),
  };
}
