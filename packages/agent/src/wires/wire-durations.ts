import type { WireExchange } from "../protocols/wire.js";
import type { DurationSeries, RequestDurations, Timed } from "../runtime/request-durations.js";
import type { Wire } from "./wire.js";

/**
 * seriesOf gives the histogram that an exchange counts in: a request of HTTP/2, a call of gRPC, a client's database operation;
 * undefined for others, and where its method is not known. `failure` is its error.type on this side.
 */
export function seriesOf(
  durations: RequestDurations,
  timed: Timed,
  { protocol, attributes }: Pick<WireExchange, "protocol" | "attributes">,
  wire: Pick<Wire, "client" | "secure" | "peerPort" | "peerText" | "path">,
  failure: string,
): DurationSeries | undefined {
  const text = (name: string): string => {
    const value = attributes[name];
    return typeof value === "string" ? value : "";
  };
  if (protocol === "grpc") {
    const method = text("rpc.method");
    if (method === "") return undefined;
    return durations.calls(timed, { method, code: text("rpc.response.status_code"), failure });
  }
  if (protocol === "http2" || protocol === "fastcgi") {
    const method = text("http.request.method");
    if (method === "") return undefined;
    // A bad status is its own error.type.
    const broken = failure === String(timed.status) ? "" : failure;
    return durations.series(timed, {
      method,
      route: "",
      failure: broken,
      secure: wire.secure !== 0 || text("url.scheme") === "https",
    });
  }
  const system = text("db.system.name");
  if (system === "" || wire.client === 1) return undefined;
  const port = attributes["server.port"];
  return durations.queries(timed, {
    system,
    namespace: text("db.namespace"),
    operation: text("db.operation.name"),
    collection: text("db.collection.name"),
    summary: text("db.query.summary"),
    code: text("db.response.status_code"),
    failure,
    serverAddress: text("server.address") || (wire.peerText ?? wire.path),
    serverPort: typeof port === "number" ? port : wire.peerPort,
  });
}
