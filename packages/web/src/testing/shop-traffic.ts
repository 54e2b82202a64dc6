import { Order } from "./order.js";
import {
  attributes,
  type Batch,
  client,
  internal,
  ns,
  post,
  push,
  resource,
  type Span,
  server,
} from "./otlp-json.js";
import { seeded } from "./seeded.js";

// A small shop's hour as OTLP/JSON, for tests and pictures against the real server: a gateway, a checkout whose payment
// gets slow and fails in the last minutes, a cart with a cache, a catalog with a database.

function http(
  method: string,
  route: string,
  status: number,
  path = route,
): Readonly<Record<string, string | number>> {
  return {
    "http.request.method": method,
    "http.route": route,
    "url.path": path,
    "url.scheme": "http",
    "http.response.status_code": status,
    "server.address": "shop.local",
    "server.port": 8080,
    "client.address": "127.0.0.1",
    "user_agent.original": "k6/1.2",
  };
}

/** call is a client span and the server span it waits for. */
function call(
  order: Order,
  from: string,
  to: string,
  parent: string,
  at: number,
  method: string,
  route: string,
  own: number,
  status: number,
  inside?: (id: string, from: number) => number,
): number {
  const failure = status >= 500 ? `${to} answered ${status}` : "";
  return order.span(
    from,
    parent,
    method,
    client,
    at,
    0.4,
    { ...http(method, route, status), "server.address": to },
    (id, start) =>
      order.span(
        to,
        id,
        `${method} ${route}`,
        server,
        start + 0.2,
        own,
        http(method, route, status),
        inside,
        failure,
      ) + 0.2,
    failure,
  );
}

function database(
  order: Order,
  service: string,
  parent: string,
  at: number,
  statement: string,
  own: number,
): number {
  return order.span(service, parent, statement.split(" ").slice(0, 1).join(" "), client, at, own, {
    "db.system.name": "postgresql",
    "db.query.text": statement,
    "server.address": "postgres",
    "server.port": 5432,
  });
}

const refusal = "charge refused: pool exhausted, waited 250ms for a connection";

function oneOrder(batch: Batch, random: () => number, trace: string, at: number, trouble: boolean): void {
  const order = new Order(batch, random, trace);
  const slow = () => 10 ** (0.3 + random() * 0.7) * (random() < 0.02 ? 9 : 1);
  const kind = random();
  if (kind < 0.5) {
    order.span(
      "frontend",
      "",
      "GET /products",
      server,
      at,
      slow(),
      http("GET", "/products", 200),
      (id, start) =>
        call(order, "frontend", "catalog", id, start, "GET", "/v1/products", slow(), 200, (inner, from) =>
          database(order, "catalog", inner, from, "SELECT id, name, price FROM products LIMIT 50", slow()),
        ),
    );
    return;
  }
  if (kind < 0.8) {
    order.span(
      "frontend",
      "",
      "GET /cart/{id}",
      server,
      at,
      slow(),
      http("GET", "/cart/{id}", 200, `/cart/${Math.floor(random() * 900)}`),
      (id, start) =>
        call(
          order,
          "frontend",
          "cart",
          id,
          start,
          "GET",
          "/v1/cart/{id}",
          slow(),
          random() < 0.01 ? 404 : 200,
        ),
    );
    return;
  }
  const fails = trouble ? random() < 0.35 : random() < 0.008;
  const status = fails ? 502 : 200;
  order.span(
    "frontend",
    "",
    "POST /checkout",
    server,
    at,
    slow(),
    http("POST", "/checkout", status),
    (id, start) =>
      call(order, "frontend", "checkout", id, start, "POST", "/v1/orders", slow(), status, (own, from) => {
        order.log("checkout", own, from, 9, `order ${trace.slice(-6)} accepted`, {
          "order.items": 1 + Math.floor(random() * 5),
        });
        const priced = order.span("checkout", own, "price order", internal, from, slow(), {});
        const held = call(order, "checkout", "cart", own, priced, "POST", "/v1/cart/{id}/hold", slow(), 200);
        return call(
          order,
          "checkout",
          "payment",
          own,
          held,
          "POST",
          "/v1/charge",
          slow() * (trouble ? 14 : 2),
          status,
          (pay, begin) => {
            const own = slow() * (trouble ? 9 : 1);
            const kept = database(
              order,
              "payment",
              pay,
              begin,
              "INSERT INTO charges VALUES ($1, $2, $3)",
              own,
            );
            if (fails) order.log("payment", pay, kept, 17, refusal, { "pool.size": 8 });
            return kept;
          },
        );
      }),
    fails ? "checkout answered 502" : "",
  );
}

function connections(batch: Batch, random: () => number, at: number): void {
  const pairs = [
    ["frontend", "checkout", 8081],
    ["frontend", "cart", 8082],
    ["frontend", "catalog", 8083],
    ["checkout", "payment", 8084],
    ["cart", "redis-server", 6379],
    ["payment", "postgres", 5432],
    ["catalog", "postgres", 5432],
  ] as const;
  for (const [from, to, port] of pairs) {
    const refused = to === "postgres" && random() < 0.04;
    for (const event of refused ? ["tcp.connect"] : ["tcp.connect", "tcp.close"]) {
      push(batch.logs, from, {
        timeUnixNano: ns(at + (event === "tcp.close" ? 900 : 0)),
        severityNumber: refused ? 17 : 9,
        severityText: refused ? "ERROR" : "INFO",
        eventName: event,
        body: { stringValue: "" },
        attributes: attributes({
          "network.transport": "tcp",
          "network.type": "ipv4",
          "network.local.address": "127.0.0.1",
          "network.local.port": 40_000 + Math.floor(random() * 9000),
          "network.peer.address": "127.0.0.1",
          "network.peer.port": port,
          "go3s.tcp.role": "client",
          "peer.service": to,
          "process.pid": 4100 + from.length,
          "go3s.tcp.connect_ns": Math.round(40_000 + random() * 90_000),
          ...(event === "tcp.close"
            ? {
                "go3s.tcp.duration_ns": 900_000_000,
                "go3s.tcp.bytes_sent": 900 + Math.round(random() * 4000),
                "go3s.tcp.bytes_received": 3000 + Math.round(random() * 90_000),
              }
            : {}),
          ...(refused ? { "error.type": "ECONNREFUSED" } : {}),
        }),
      });
    }
  }
}

/**
 * sendShop sends `perMinute` requests for every minute before `until` by OTLP/HTTP JSON; answers with the id of a failed
 * checkout and with how many spans were sent. In the last eighth of the time payment is slow and fails.
 */
export async function sendShop(
  otlp: string,
  until: number,
  minutes: number,
  perMinute: number,
): Promise<{ readonly failed: string; readonly sent: number }> {
  const random = seeded(42);
  let failed = "";
  let sent = 0;
  for (let minute = minutes; minute > 0; minute--) {
    const batch: Batch = { spans: new Map(), logs: new Map() };
    const trouble = minute <= Math.ceil(minutes / 8);
    for (let index = 0; index < perMinute; index++) {
      const at = until - minute * 60_000 + ((index + random()) / perMinute) * 59_000;
      const trace = Array.from({ length: 4 }, () =>
        Math.floor(random() * 2 ** 32)
          .toString(16)
          .padStart(8, "0"),
      ).join("");
      oneOrder(batch, random, trace, at, trouble);
    }
    connections(batch, random, until - minute * 60_000 + random() * 50_000);
    const spans = [...batch.spans];
    for (const [service, list] of spans) {
      sent += list.length;
      if (service === "checkout") failed = list.find((span) => span.status.code === 2)?.traceId ?? failed;
    }
    const scope = { name: "shop" };
    // Both at once: each is answered only when it is on the disk, which takes a second where that is busy.
    await Promise.all([
      post(`${otlp}/v1/traces`, {
        resourceSpans: spans.map(([service, list]) => ({
          resource: resource(service),
          scopeSpans: [{ scope, spans: list }],
        })),
      }),
      post(`${otlp}/v1/logs`, {
        resourceLogs: [...batch.logs].map(([service, list]) => ({
          resource: resource(service),
          scopeLogs: [{ scope, logRecords: list }],
        })),
      }),
    ]);
  }
  return { failed, sent };
}

/** sendBigTrace sends one trace of `count` spans, in requests of 5,000; answers with its id. */
export async function sendBigTrace(otlp: string, at: number, count: number): Promise<string> {
  const random = seeded(count);
  const traceId = "b16".padEnd(32, "0");
  const services = ["frontend", "checkout", "cart", "payment", "catalog"];
  const starts: number[] = [];
  const lengths: number[] = [];
  const open: number[] = [];
  const id = (index: number) => (index + 1).toString(16).padStart(16, "0");
  for (let sent = 0; sent < count; sent += 5000) {
    const bySevice = new Map<string, Span[]>();
    for (let index = sent; index < Math.min(count, sent + 5000); index++) {
      while (open.length > 1 && (open.length > 8 || random() < 0.45)) open.pop();
      const parent = open[open.length - 1];
      const room = parent === undefined ? 2000 : (lengths[parent] ?? 0);
      const share = parent === undefined ? 0 : parent === 0 ? index / count : random() * 0.8;
      starts[index] = parent === undefined ? at - 2000 : (starts[parent] ?? 0) + room * share;
      lengths[index] =
        parent === undefined ? 2000 : room * (1 - share) * 0.6 * random() * (parent === 0 ? 0.05 : 1);
      push(bySevice, services[Math.min(4, Math.floor(open.length / 2))] ?? "frontend", {
        traceId,
        spanId: id(index),
        parentSpanId: parent === undefined ? "" : id(parent),
        name: `step ${index % 40}`,
        kind: index % 2 === 0 ? server : client,
        startTimeUnixNano: ns(starts[index] ?? 0),
        endTimeUnixNano: ns((starts[index] ?? 0) + (lengths[index] ?? 0)),
        attributes: attributes({ index }),
        status: index % 997 === 5 ? { code: 2, message: "made to fail" } : {},
      });
      open.push(index);
    }
    await post(`${otlp}/v1/traces`, {
      resourceSpans: [...bySevice].map(([service, spans]) => ({
        resource: resource(service),
        scopeSpans: [{ spans }],
      })),
    });
  }
  return traceId;
}

/** sendOne sends one request of one service; answers with its trace id. */
export async function sendOne(otlp: string, at: number, service: string, name: string): Promise<string> {
  const traceId = Math.floor(at).toString(16).padStart(32, "c");
  const span: Span = {
    traceId,
    spanId: traceId.slice(0, 16),
    parentSpanId: "",
    name,
    kind: server,
    startTimeUnixNano: ns(at - 5),
    endTimeUnixNano: ns(at),
    attributes: attributes({ "http.route": name }),
    status: {},
  };
  await post(`${otlp}/v1/traces`, {
    resourceSpans: [{ resource: resource(service), scopeSpans: [{ spans: [span] }] }],
  });
  return traceId;
}
