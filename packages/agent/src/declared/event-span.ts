import type { Layout } from "@go3s/bpf";
import type { TraceDeclaration } from "@go3s/lang";
import { SPAN_KIND, type SpanWriter, STATUS_CODE } from "@go3s/telemetry";
import type { Batches } from "../export/batches.js";
import type { Nanos, WallClock } from "../spans/clock.js";
import { fillRandom, idLayout } from "../spans/ids.js";
import { namedFields, templateOf, writeAttributes } from "./attributes.js";
import { eventResource } from "./event-resource.js";
import type { EventSink } from "./event-sink.js";
import { fieldReader } from "./field-reader.js";
import type { Resources } from "./resources.js";

/** SpanCounts are events that became spans, and those that sampling left out. */
export interface SpanCounts {
  spans: number;
  sampledOut: number;
}

/** newEventSpans makes a root span of each event that is sampled. */
export function newEventSpans(
  declaration: TraceDeclaration,
  layout: Layout,
  out: { readonly batches: Batches<SpanWriter>; readonly clock: WallClock; readonly resources: Resources },
  counts: SpanCounts,
): EventSink {
  const { sample } = declaration;
  const optional = (path: string) => (path === "" ? undefined : fieldReader(layout, path));
  const start = fieldReader(layout, declaration.start);
  const end = optional(declaration.end);
  const duration = optional(declaration.duration);
  const status = optional(declaration.status);
  const resource = eventResource(layout, declaration.pid, out.resources);
  const fields = namedFields(layout, declaration.fields);
  const name = templateOf(layout, declaration.span);
  const kind =
    Object.entries(SPAN_KIND).find(([each]) => each === declaration.kind)?.[1] ?? SPAN_KIND.INTERNAL;
  const ids = new Uint8Array(idLayout.size);
  const time: Nanos = { lo: 0, hi: 0 };
  // The W3C flags of a span that was kept: sampled.
  const sampled = 1;
  return {
    take(view, at) {
      if (sample < 1 && Math.random() >= sample) {
        counts.sampledOut++;
        return;
      }
      counts.spans++;
      fillRandom(ids, idLayout.trace, 24);
      const from = start.number(view, at);
      const to = end === undefined ? from + (duration?.number(view, at) ?? 0) : end.number(view, at);
      const writer = out.batches.writerFor(resource(view, at));
      writer.beginSpan();
      writer.traceId(ids, idLayout.trace);
      writer.spanId(ids, idLayout.span);
      writer.flags(sampled);
      writer.name(name(view, at));
      writer.kind(kind);
      out.clock.toUnix(from, time);
      writer.startTime(time.lo, time.hi);
      // An end before the start is a probe's mistake: a span of no length is better than one of centuries.
      out.clock.toUnix(Math.max(from, to), time);
      writer.endTime(time.lo, time.hi);
      const failure = status?.number(view, at) ?? 0;
      if (failure !== 0) writer.status(STATUS_CODE.ERROR, `${declaration.status} ${failure}`);
      writeAttributes(writer, fields, view, at);
      writer.endSpan();
      out.batches.added();
    },
  };
}
