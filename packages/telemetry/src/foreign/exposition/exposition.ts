import type { Label } from "../remote-write.js";

/** ExpositionType is what a family says of itself; "unknown" where it does not. */
export type ExpositionType = (typeof expositionTypes)[number];

/** expositionTypes are OpenMetrics' types; Prometheus' text calls "unknown" untyped. */
export const expositionTypes = [
  "unknown",
  "counter",
  "gauge",
  "histogram",
  "gaugehistogram",
  "summary",
  "info",
  "stateset",
] as const;

/** ExpositionFamily is what a page tells of samples whose names begin alike. */
export interface ExpositionFamily {
  readonly name: string;
  readonly type: ExpositionType;
  readonly help: string;
  readonly unit: string;
}

/** ExpositionExemplar is a measurement behind a sample. */
export interface ExpositionExemplar {
  readonly labels: readonly Label[];
  readonly value: number;
  readonly timestampMs?: number;
}

/** ExpositionSample is one line; `labels` begin with `__name__`. */
export interface ExpositionSample {
  readonly labels: readonly Label[];
  readonly value: number;
  readonly timestampMs?: number;
  readonly exemplar?: ExpositionExemplar;
}

/** Exposition is a page of metrics. */
export interface Exposition {
  readonly families: ReadonlyMap<string, ExpositionFamily>;
  readonly samples: readonly ExpositionSample[];
}
