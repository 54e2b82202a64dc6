import type { Layout } from "@go3s/bpf";
import type { LogDeclaration } from "@go3s/lang";
import type { LogWriter } from "@go3s/telemetry";
import type { Batches } from "../export/batches.js";
import type { Nanos, WallClock } from "../spans/clock.js";
import { namedFields, templateOf, writeAttributes } from "./attributes.js";
import { eventResource } from "./event-resource.js";
import type { EventSink } from "./event-sink.js";
import type { Resources } from "./resources.js";

// OTLP's severity numbers (opentelemetry/proto/logs/v1/logs.proto).
const severities: ReadonlyMap<string, number> = new Map([
  ["TRACE", 1],
  ["DEBUG", 5],
  ["INFO", 9],
  ["WARN", 13],
  ["ERROR", 17],
  ["FATAL", 21],
]);

/** newEventLog makes log records of events; a record's time is the moment it is read. */
export function newEventLog(
  declaration: LogDeclaration,
  layout: Layout,
  name: string,
  out: { readonly batches: Batches<LogWriter>; readonly clock: WallClock; readonly resources: Resources },
): EventSink {
  const resource = eventResource(layout, declaration.pid, out.resources);
  const fields = namedFields(layout, declaration.fields);
  const body = templateOf(layout, declaration.body || declaration.event || name);
  const severity = severities.get(declaration.level) ?? 9;
  const event = declaration.event || name;
  const time: Nanos = { lo: 0, hi: 0 };
  return {
    take(view, at) {
      const writer = out.batches.writerFor(resource(view, at));
      writer.beginLog();
      out.clock.toUnix(Number(process.hrtime.bigint()), time);
      writer.time(time.lo, time.hi);
      writer.observedTime(time.lo, time.hi);
      writer.severity(severity, declaration.level);
      writer.body(body(view, at));
      writer.eventName(event);
      writeAttributes(writer, fields, view, at);
      writer.endLog();
      out.batches.added();
    },
  };
}
