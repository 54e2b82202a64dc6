import type { MapAnswer, MapEdge, TcpAnswer } from "@go3s/server";
import { rangeOf, red, seeded, serviceNames } from "./seeded.js";

/** mapAnswer makes a map with services, a database, a process and many outside addresses. */
export function mapAnswer(at: number): MapAnswer {
  const random = seeded(3);
  const service = (name: string) => `service:${name}`;
  const pairs: readonly (readonly [string, string])[] = [
    ["frontend", "checkout"],
    ["frontend", "cart"],
    ["frontend", "catalog"],
    ["frontend", "recommendation"],
    ["checkout", "payment"],
    ["checkout", "cart"],
    ["checkout", "shipping"],
    ["checkout", "currency"],
    ["checkout", "email"],
    ["recommendation", "catalog"],
    ["catalog", "inventory"],
  ];
  const edge = (from: string, to: string, source: MapEdge["source"]): MapEdge => ({
    ...red(random, 4),
    from,
    to,
    source,
    bytes_sent: source === "tcp" ? 120_000 : 0,
    bytes_received: source === "tcp" ? 3_200_000 : 0,
  });
  const outside = Array.from({ length: 14 }, (_, index) => `external:10.1.0.${index + 2}`);
  return {
    range: rangeOf(at),
    nodes: [
      ...serviceNames.map((name, index) => ({
        ...red(random, 20 / (index + 1)),
        id: service(name),
        name,
        kind: "service" as const,
      })),
      { ...red(random, 5), id: "database:postgres", name: "postgres", kind: "database" as const },
      { ...red(random, 0), id: "process:redis-server", name: "redis-server", kind: "process" as const },
      ...outside.map((id) => ({ ...red(random, 0), id, name: id.slice(9), kind: "external" as const })),
    ],
    edges: [
      ...pairs.map(([from, to]) => edge(service(from), service(to), "spans")),
      edge(service("payment"), "database:postgres", "spans"),
      edge(service("cart"), "process:redis-server", "tcp"),
      ...outside.map((id) => edge(id, service("frontend"), "tcp")),
    ],
    last_seen_ms: at,
  };
}

/** tcpAnswer makes connections between cart and redis. */
export function tcpAnswer(at: number): TcpAnswer {
  return {
    range: rangeOf(at),
    more: false,
    connections: Array.from({ length: 20 }, (_, index) => ({
      timestamp_ns: `${at - index * 500}000000`,
      event: index % 2 === 0 ? ("tcp.connect" as const) : ("tcp.close" as const),
      service_name: "cart",
      pid: 4242,
      role: "client" as const,
      network_type: "ipv4" as const,
      local: `127.0.0.1:${40_000 + index}`,
      peer: "127.0.0.1:6379",
      peer_service: "redis-server",
      connect_ns: 45_000,
      duration_ns: index % 2 === 0 ? null : 9e8,
      bytes_sent: null,
      bytes_received: null,
      error_type: index === 6 ? "ECONNREFUSED" : "",
    })),
  };
}
