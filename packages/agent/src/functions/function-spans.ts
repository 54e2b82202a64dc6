import { attributeKey, SPAN_KIND, type SpanWriter, STATUS_CODE } from "@go3s/telemetry";
import type { Batches } from "../export/batches.js";
import type { Nanos, WallClock } from "../spans/clock.js";
import type { ParentSpan } from "../spans/request-parents.js";
import type { FunctionCall } from "./calls.js";
import type { CapturedValue } from "./values.js";

const key = {
  name: attributeKey("code.function.name"),
  file: attributeKey("code.file.path"),
  line: attributeKey("code.line.number"),
  goroutine: attributeKey("go3s.goroutine.id"),
  thread: attributeKey("thread.id"),
  errorType: attributeKey("error.type"),
} as const;

type KeyOf = (name: string) => ReturnType<typeof attributeKey>;

// Names of values come from programs; those of this many are kept encoded.
const keyLimit = 4096;

function keyCache(): KeyOf {
  const known = new Map<string, ReturnType<typeof attributeKey>>();
  return (name) => {
    const found = known.get(name);
    if (found !== undefined) return found;
    if (known.size >= keyLimit) known.clear();
    const made = attributeKey(name);
    known.set(name, made);
    return made;
  };
}

/** FunctionSpanWriter writes calls as spans. */
export interface FunctionSpanWriter {
  write(call: FunctionCall, parent: ParentSpan | undefined, isGo: boolean, resource: Uint8Array): void;
}

/** newFunctionSpanWriter writes into the batches of spans that all others go into. */
export function newFunctionSpanWriter(batches: Batches<SpanWriter>, clock: WallClock): FunctionSpanWriter {
  const keyOf = keyCache();
  const time: Nanos = { lo: 0, hi: 0 };
  // W3C flags: sampled.
  const sampled = 1;
  return {
    write(call, parent, isGo, resource) {
      const { plan, error } = call;
      const writer = batches.writerFor(resource);
      writer.beginSpan();
      writer.traceId(parent?.traceId ?? call.traceId, 0);
      writer.spanId(call.spanId, 0);
      const above = call.parent?.spanId ?? parent?.spanId;
      if (above !== undefined) writer.parentSpanId(above, 0);
      writer.flags(sampled);
      writer.name(plan.name);
      writer.kind(SPAN_KIND.INTERNAL);
      clock.toUnix(call.startNs, time);
      writer.startTime(time.lo, time.hi);
      clock.toUnix(Math.max(call.startNs, call.endNs), time);
      writer.endTime(time.lo, time.hi);
      if (error !== undefined) writer.status(STATUS_CODE.ERROR, error.text);
      writer.stringAttribute(key.name, plan.name);
      if (plan.file !== "") writer.stringAttribute(key.file, plan.file);
      if (plan.line > 0) writer.intAttribute(key.line, plan.line);
      writer.intAttribute(isGo ? key.goroutine : key.thread, isGo ? call.routine : call.tid);
      if (error !== undefined)
        writer.stringAttribute(key.errorType, error.type === "" ? "error" : error.type);
      for (const [name, value] of call.attributes) writeValue(writer, keyOf(name), value);
      writer.endSpan();
      batches.added();
    },
  };
}

function writeValue(writer: SpanWriter, name: ReturnType<typeof attributeKey>, value: CapturedValue): void {
  if (typeof value === "string") writer.stringAttribute(name, value);
  else if (typeof value === "boolean") writer.boolAttribute(name, value);
  else if (typeof value === "bigint") {
    const bits = BigInt.asUintN(64, value);
    writer.int64Attribute(name, Number(bits & 0xffffffffn), Number(bits >> 32n));
  } else if (Number.isSafeInteger(value)) writer.intAttribute(name, value);
  else writer.doubleAttribute(name, value);
}
