import type { Intrinsic } from "./ast.js";
import type { ValueType } from "./check.js";

/** INTRINSICS are those without a scope, as they are written. */
export const INTRINSICS: ReadonlyMap<string, Intrinsic> = new Map<string, Intrinsic>([
  ["duration", "duration"],
  ["name", "name"],
  ["status", "status"],
  ["statusMessage", "statusMessage"],
  ["kind", "kind"],
  ["parent", "parent"],
  ["rootName", "traceRootSpan"],
  ["rootServiceName", "traceRootService"],
  ["traceDuration", "traceDuration"],
  ["nestedSetLeft", "nestedSetLeft"],
  ["nestedSetRight", "nestedSetRight"],
  ["nestedSetParent", "nestedSetParent"],
]);

/** SCOPED are those with one. */
export const SCOPED: ReadonlyMap<string, Intrinsic> = new Map<string, Intrinsic>([
  ["trace:duration", "traceDuration"],
  ["trace:rootName", "traceRootSpan"],
  ["trace:rootService", "traceRootService"],
  ["trace:id", "traceId"],
  ["span:duration", "duration"],
  ["span:name", "name"],
  ["span:kind", "kind"],
  ["span:status", "status"],
  ["span:statusMessage", "statusMessage"],
  ["span:id", "spanId"],
  ["span:parentID", "parentId"],
  ["span:childCount", "childCount"],
  ["event:name", "eventName"],
  ["event:timeSinceStart", "eventTimeSinceStart"],
  ["link:traceID", "linkTraceId"],
  ["link:spanID", "linkSpanId"],
  ["instrumentation:name", "scopeName"],
  ["instrumentation:version", "scopeVersion"],
]);

/** INTRINSIC_TYPES gives the type of each. */
export const INTRINSIC_TYPES: Readonly<Record<Intrinsic, ValueType>> = {
  duration: "duration",
  name: "string",
  status: "status",
  statusMessage: "string",
  kind: "kind",
  parent: "nil",
  traceRootSpan: "string",
  traceRootService: "string",
  traceDuration: "duration",
  nestedSetLeft: "int",
  nestedSetRight: "int",
  nestedSetParent: "int",
  traceId: "string",
  spanId: "string",
  parentId: "string",
  childCount: "int",
  eventName: "string",
  eventTimeSinceStart: "duration",
  linkTraceId: "string",
  linkSpanId: "string",
  scopeName: "string",
  scopeVersion: "string",
};

/** STATUSES and KINDS are words that stand for themselves. */
export const STATUSES: ReadonlySet<string> = new Set(["ok", "error", "unset"]);
export const KINDS: ReadonlySet<string> = new Set([
  "unspecified",
  "internal",
  "server",
  "client",
  "producer",
  "consumer",
]);
