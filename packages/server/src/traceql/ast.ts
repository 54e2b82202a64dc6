/** StaticType is the type of a value that is written down. */
export type StaticType = "string" | "int" | "float" | "bool" | "duration" | "status" | "kind" | "nil";

/** Static is a value that is written down; durations are nanoseconds, states and kinds their names. */
export interface Static {
  readonly kind: "static";
  readonly type: StaticType;
  readonly value: string | number | boolean;
}

/** Scope says where an attribute is looked for; "any" takes the span's before the resource's. */
export type Scope = "any" | "span" | "resource" | "event" | "link" | "instrumentation";

/** AttributeField is an attribute by its key; `parent` asks it of the parent span. */
export interface AttributeField {
  readonly kind: "attribute";
  readonly scope: Scope;
  readonly name: string;
  readonly parent: boolean;
}

/** Intrinsic is a field that every span has. */
export type Intrinsic =
  | "duration"
  | "name"
  | "status"
  | "statusMessage"
  | "kind"
  | "parent"
  | "traceRootSpan"
  | "traceRootService"
  | "traceDuration"
  | "nestedSetLeft"
  | "nestedSetRight"
  | "nestedSetParent"
  | "traceId"
  | "spanId"
  | "parentId"
  | "childCount"
  | "eventName"
  | "eventTimeSinceStart"
  | "linkTraceId"
  | "linkSpanId"
  | "scopeName"
  | "scopeVersion";

/** IntrinsicField is one of them; `text` is how it was written, which is how results name it. */
export interface IntrinsicField {
  readonly kind: "intrinsic";
  readonly name: Intrinsic;
  readonly text: string;
}

/** Field is an attribute or intrinsic. */
export type Field = AttributeField | IntrinsicField;

/** FieldOperator combines two values of a span. */
export type FieldOperator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "^"
  | "="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "=~"
  | "!~"
  | "&&"
  | "||";

/** FieldExpr is computed of one span. */
export type FieldExpr =
  | Static
  | Field
  | {
      readonly kind: "binary";
      readonly operator: FieldOperator;
      readonly left: FieldExpr;
      readonly right: FieldExpr;
    }
  | { readonly kind: "unary"; readonly operator: "-" | "!"; readonly expr: FieldExpr }
  /** exists is `x != nil`, or `x = nil` when negated. */
  | { readonly kind: "exists"; readonly expr: FieldExpr; readonly negated: boolean };

/** Relation is how two spans of a trace stand to each other: the right one is a child, descendant, … of the left one. */
export type Relation = ">" | "<" | ">>" | "<<" | "~";
/** SpansetOperator combines sets of spans of one trace. */
export type SpansetOperator = "&&" | "||" | Relation | `!${Relation}` | `&${Relation}`;

/** SpansetExpr gives spans of a trace. */
export type SpansetExpr =
  | { readonly kind: "filter"; readonly expr: FieldExpr }
  | {
      readonly kind: "operation";
      readonly operator: SpansetOperator;
      readonly left: SpansetExpr;
      readonly right: SpansetExpr;
    }
  | Pipeline;

/** AggregateName is a function over the spans of a set. */
export type AggregateName = "count" | "max" | "min" | "avg" | "sum";

/** ScalarExpr is one number for a set of spans. */
export type ScalarExpr =
  | { readonly kind: "static"; readonly type: StaticType; readonly value: string | number | boolean }
  | { readonly kind: "aggregate"; readonly name: AggregateName; readonly expr: FieldExpr | undefined }
  | {
      readonly kind: "arithmetic";
      readonly operator: "+" | "-" | "*" | "/" | "%" | "^";
      readonly left: ScalarExpr;
      readonly right: ScalarExpr;
    }
  /** pipeline is spans and the aggregate over them: `({} | count())`. */
  | { readonly kind: "scalarPipeline"; readonly pipeline: Pipeline; readonly aggregate: ScalarExpr };

/** CompareOperator compares numbers. */
export type CompareOperator = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** Stage is one step of a pipeline. */
export type Stage =
  | SpansetExpr
  | {
      readonly kind: "scalarFilter";
      readonly operator: CompareOperator;
      readonly left: ScalarExpr;
      readonly right: ScalarExpr;
    }
  | { readonly kind: "by"; readonly expr: FieldExpr }
  | { readonly kind: "coalesce" }
  | { readonly kind: "select"; readonly fields: readonly Field[] };

/** Pipeline passes spans from stage to stage. */
export interface Pipeline {
  readonly kind: "pipeline";
  readonly stages: readonly Stage[];
}

/** MetricsFunction is how spans become numbers over time. */
export type MetricsFunction =
  | "rate"
  | "count_over_time"
  | "min_over_time"
  | "max_over_time"
  | "avg_over_time"
  | "sum_over_time"
  | "quantile_over_time"
  | "histogram_over_time"
  | "compare";

/** MetricsAggregate is a metrics function with what it takes. */
export interface MetricsAggregate {
  readonly name: MetricsFunction;
  readonly field: Field | undefined;
  readonly quantiles: readonly number[];
  readonly by: readonly Field[];
  /** filter and top are compare()'s. */
  readonly filter: FieldExpr | undefined;
  readonly top: number;
  /** window is compare()'s own time range, nanoseconds; undefined takes the whole. */
  readonly window: { readonly from: number; readonly to: number } | undefined;
}

/** SecondStage chooses among series, or their values. */
export type SecondStage =
  | { readonly kind: "topk" | "bottomk"; readonly count: number }
  | { readonly kind: "filter"; readonly operator: CompareOperator; readonly value: number };

/** MetricsExpr gives series over time. */
export type MetricsExpr =
  | { readonly kind: "metrics"; readonly pipeline: Pipeline; readonly aggregate: MetricsAggregate }
  | { readonly kind: "second"; readonly expr: MetricsExpr; readonly stage: SecondStage }
  | {
      readonly kind: "math";
      readonly operator: "+" | "-" | "*" | "/";
      readonly left: MetricsExpr;
      readonly right: MetricsExpr;
    }
  | {
      readonly kind: "scaled";
      readonly operator: "+" | "-" | "*" | "/";
      readonly expr: MetricsExpr;
      readonly number: number;
      /** isLeft says that the number stands on the left. */
      readonly isLeft: boolean;
    };

/** Query is a whole expression: spans, or series over time; hints are `with(name=value)`. */
export interface Query {
  readonly root: Pipeline | MetricsExpr;
  readonly hints: Readonly<Record<string, string | number | boolean>>;
}
