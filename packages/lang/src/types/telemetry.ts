/** TelemetryField names a value of a key or record and the attribute it becomes; nested fields have dots. */
export interface TelemetryField {
  readonly attribute: string;
  readonly field: string;
}

/** MetricDeclaration says what a map or the events of a buffer count. */
export interface MetricDeclaration {
  readonly signal: "metric";
  /** record is the struct of the buffer's events, "" when a map's values are counted. */
  readonly record: string;
  readonly name: string;
  readonly type: "counter" | "updowncounter" | "gauge" | "histogram";
  readonly unit: string;
  readonly description: string;
  /** labels come from the map's key, or from the event. */
  readonly labels: readonly TelemetryField[];
  /** value is the field that counts; "" is the map's value itself, or one for each event. */
  readonly value: string;
  /** pid is the field with the process whose resource it is, "" for the machine's. */
  readonly pid: string;
}

/** LogDeclaration makes each event a log record. */
export interface LogDeclaration {
  readonly signal: "log";
  readonly record: string;
  readonly level: string;
  /** event is the record's event name. */
  readonly event: string;
  /** body is text with {Field} for values. */
  readonly body: string;
  readonly fields: readonly TelemetryField[];
  readonly pid: string;
}

/** TraceDeclaration makes each event a span; times are CLOCK_MONOTONIC nanoseconds, as `bpf.KtimeNS()` gives them. */
export interface TraceDeclaration {
  readonly signal: "trace";
  readonly record: string;
  /** span is the operation's name, with {Field} for values. */
  readonly span: string;
  readonly kind: string;
  readonly start: string;
  /** end or duration is a field, the other is "". */
  readonly end: string;
  readonly duration: string;
  /** sample is the share of events that become spans, above 0 to 1. */
  readonly sample: number;
  /** status is the field that is not 0 when it failed, or "". */
  readonly status: string;
  readonly fields: readonly TelemetryField[];
  readonly pid: string;
}

/** TelemetryDeclaration is a telemetry annotation as it stands in an object, in JSON, behind telemetryTag. */
export type TelemetryDeclaration = MetricDeclaration | LogDeclaration | TraceDeclaration;

/** telemetryTag starts the declaration tags (BTF_KIND_DECL_TAG on the map's variable) that hold annotations. */
export const telemetryTag = "go3s.telemetry:";
