import { FusedSpanWriter, LogWriter, SpanWriter } from "@go3s/telemetry";
import { encodedScope } from "../spans/resource.js";
import { type Batches, newBatches } from "./batches.js";
import type { Exporter } from "./exporter.js";

/** AgentBatches are an agent's spans and log records on their way out. */
export interface AgentBatches {
  readonly spans: Batches<SpanWriter>;
  readonly logs: Batches<LogWriter>;
  /** flush sends what is there. */
  flush(): void;
}

/** firstBytes is a batch's memory at first: each process has two, and many a process says one thing and ends. */
const firstBytes = 2048;

/** newAgentBatches makes empty ones; `fused` spans are in the shorter form of docs/fused-otlp.md. */
export function newAgentBatches(exporter: Exporter, fused: boolean): AgentBatches {
  const spans: Batches<SpanWriter> = newBatches(
    fused ? "fused" : "traces",
    () => (fused ? new FusedSpanWriter(firstBytes) : new SpanWriter(firstBytes)),
    encodedScope,
    exporter,
  );
  const logs: Batches<LogWriter> = newBatches(
    "logs",
    () => new LogWriter(firstBytes),
    encodedScope,
    exporter,
  );
  return {
    spans,
    logs,
    flush() {
      spans.flush();
      logs.flush();
    },
  };
}
