import { LogsIngest, MetricsIngest, ProfilesIngest, TracesIngest } from "@go3s/store";
import type { Decoders } from "./intake.js";

/** createDecoders makes one decoder per signal. */
export function createDecoders(): Decoders {
  return {
    traces: new TracesIngest(),
    logs: new LogsIngest(),
    metrics: new MetricsIngest(),
    profiles: new ProfilesIngest(),
  };
}
