import { type IngestOptions, LogsIngest, MetricsIngest, ProfilesIngest, TracesIngest } from "@go3s/store";
import type { Decoders } from "./intake.js";

/** createDecoders makes one decoder per signal. */
export function createDecoders(options: IngestOptions = {}): Decoders {
  return {
    traces: new TracesIngest(options),
    logs: new LogsIngest(options),
    metrics: new MetricsIngest(options),
    profiles: new ProfilesIngest(options),
  };
}
