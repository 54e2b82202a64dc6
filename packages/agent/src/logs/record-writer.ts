import { attributeKey, type LogWriter } from "@go3s/telemetry";
import type { Batches } from "../export/batches.js";
import type { Nanos, WallClock } from "../spans/clock.js";
import type { ParentSpan } from "../spans/request-parents.js";
import type { LevelColumn } from "./level-word.js";
import { atWriting } from "./line-time.js";
import type { LogStream } from "./log-streams.js";
import { parseLine } from "./parse-line.js";
import { severityName } from "./severity.js";

/** Origin is who has written something, and when. */
export interface Origin {
  readonly ns: number;
  readonly goid: number;
  readonly parentGoid: number;
  readonly tid: number;
  readonly exchange: number;
}

/** WrittenRecord is what is told as one: a line, or a trace with the line that it belongs to. */
export interface WrittenRecord {
  readonly stream: {
    readonly process: { readonly named: { readonly resource: Uint8Array } };
    readonly place: LogStream;
    readonly column: LevelColumn;
  };
  readonly text: string;
  readonly origin: Origin;
  /** missing is how many bytes of it are not known. */
  readonly missing: number;
}

const key = {
  stream: attributeKey("log.iostream"),
  path: attributeKey("log.file.path"),
  format: attributeKey("go3s.log.format"),
  goroutine: attributeKey("go3s.goroutine.id"),
  thread: attributeKey("thread.id"),
  truncated: attributeKey("go3s.log.truncated_bytes"),
} as const;

const ownNames: ReadonlySet<string> = new Set(["log.file.path", "go3s.log.format", "thread.id"]);

/** isSameSecond says that a line's time is the moment of its writing, told in whole seconds: then that is nearer. */
const isSameSecond = (told: bigint, written: bigint): boolean =>
  told % 1_000_000_000n === 0n && written >= told && written - told < 1_000_000_000n;

// A program's idea of now may be a tick old.
const staleNs = 10_000_000n;

/**
 * isOlder says that a line was made before a request began: a logger kept it until its buffer was full, and whoever filled it wrote down what
 * others had said. Of whose it is nothing is known.
 */
function isOlder(told: bigint | undefined, startNs: bigint): boolean {
  if (told === undefined) return false;
  const step = told % 1_000_000_000n === 0n ? 1_000_000_000n : told % 1_000_000n === 0n ? 1_000_000n : 0n;
  return told + step + staleNs < startNs;
}

/** newRecordWriter writes a record of a log with the span that it belongs to. */
export function newRecordWriter(out: { readonly batches: Batches<LogWriter>; readonly clock: WallClock }) {
  const keys = new Map<string, ReturnType<typeof attributeKey>>();
  const named = (name: string): ReturnType<typeof attributeKey> => {
    const found = keys.get(name) ?? attributeKey(name);
    // Names come from programs; more of them than this are not kept.
    if (keys.size < 4096) keys.set(name, found);
    return found;
  };
  const time: Nanos = { lo: 0, hi: 0 };
  return ({ stream, text, origin, missing }: WrittenRecord, parent: ParentSpan | undefined): void => {
    const parsed = parseLine(text, Date.now(), stream.column);
    const writer = out.batches.writerFor(stream.process.named.resource);
    writer.beginLog();
    out.clock.toUnix(origin.ns, time);
    writer.observedTime(time.lo, time.hi);
    const written = (BigInt(time.hi) << 32n) | BigInt(time.lo);
    const told =
      parsed.timeNs === undefined || !parsed.isLocal ? parsed.timeNs : atWriting(parsed.timeNs, written);
    if (told === undefined || isSameSecond(told, written)) writer.time(time.lo, time.hi);
    else writer.time(Number(told & 0xffffffffn), Number(told >> 32n));
    if (parsed.severity > 0) {
      writer.severity(
        parsed.severity,
        parsed.severityText === "" ? severityName(parsed.severity) : parsed.severityText,
      );
    }
    writer.body(parsed.message);
    if (parsed.traceId !== "") {
      writer.traceId(Buffer.from(parsed.traceId, "hex"), 0);
      if (parsed.spanId !== "") writer.spanId(Buffer.from(parsed.spanId, "hex"), 0);
    } else if (
      parent !== undefined &&
      !isOlder(told, written - BigInt(Math.trunc(origin.ns - parent.startNs)))
    ) {
      writer.traceId(parent.traceId, 0);
      writer.spanId(parent.spanId, 0);
    }
    if (parsed.droppedAttributes > 0) writer.droppedAttributes(parsed.droppedAttributes);
    const { place } = stream;
    // Who writes down a container's lines says which stream they came by.
    const isTold = parsed.attributes.some(([name]) => name === "log.iostream");
    if (place.stream !== "" && !isTold) writer.stringAttribute(key.stream, place.stream);
    if (place.path !== "") writer.stringAttribute(key.path, place.path);
    if (parsed.format !== "plain") writer.stringAttribute(key.format, parsed.format);
    if (origin.goid > 0) writer.intAttribute(key.goroutine, origin.goid);
    else writer.intAttribute(key.thread, origin.tid);
    if (missing > 0) writer.intAttribute(key.truncated, missing);
    for (const [name, value] of parsed.attributes) {
      // What was seen is not to be told twice under one name.
      if (ownNames.has(name)) continue;
      if (typeof value === "string") writer.stringAttribute(named(name), value);
      else if (typeof value === "boolean") writer.boolAttribute(named(name), value);
      else if (Number.isSafeInteger(value)) writer.intAttribute(named(name), value);
      else writer.doubleAttribute(named(name), value);
    }
    writer.endLog();
    out.batches.added();
  };
}
