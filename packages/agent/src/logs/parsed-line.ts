/** LogValue is what an attribute of a line can hold. */
export type LogValue = string | number | boolean;

/** ParsedLine is what a line of a log says. */
export interface ParsedLine {
  /** format is how it was written: "json", "logfmt", "klog", "console" (zap's), "plain". */
  readonly format: string;
  /** timeNs is Unix time, undefined where the line has none. */
  readonly timeNs: bigint | undefined;
  /** isLocal: the time says no zone, so that it was read as this machine's. */
  readonly isLocal: boolean;
  /** severity is OpenTelemetry's number, 0 where the line has none. */
  readonly severity: number;
  /** severityText is the level as it was written. */
  readonly severityText: string;
  readonly message: string;
  /** attributes in their order; groups are dotted. */
  readonly attributes: readonly (readonly [string, LogValue])[];
  /** droppedAttributes is how many a line had beyond those. */
  readonly droppedAttributes: number;
  /** traceId is 32 and spanId 16 lower-case hex digits, "" where the line has none. */
  readonly traceId: string;
  readonly spanId: string;
}
