const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);

/** TRACE_FLAG gives the bits of the flags byte (W3C Trace Context level 2). */
export const TRACE_FLAG = { SAMPLED: 0x01, RANDOM: 0x02 } as const;

/** TraceParent is the content of a `traceparent` header: who the caller is. */
export interface TraceParent {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** The caller's span: 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  /** The flags byte; see TRACE_FLAG. */
  readonly flags: number;
}

/**
 * parseTraceparent reads the header (https://www.w3.org/TR/trace-context-2/#traceparent-header) and gives undefined
 * for everything that the specification tells to ignore: version ff, upper-case hex, all-zero ids, a version 00 header
 * with more behind it. A future version is read by its first four fields, of whose flags only the known bits count.
 */
export function parseTraceparent(header: string): TraceParent | undefined {
  const parts = FORM.exec(header);
  if (parts === null) return undefined;
  const [, version = "", traceId = "", spanId = "", flags = "", rest] = parts;
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  const bits = Number.parseInt(flags, 16);
  return { traceId, spanId, flags: bits & (TRACE_FLAG.SAMPLED | TRACE_FLAG.RANDOM) };
}

/** formatTraceparent writes a version 00 header. */
export function formatTraceparent(parent: TraceParent): string {
  const flags = (parent.flags & 0xff).toString(16).padStart(2, "0");
  return `00-${parent.traceId}-${parent.spanId}-${flags}`;
}
