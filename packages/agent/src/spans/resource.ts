import { encodeProtobuf, InstrumentationScope, type KeyValue, Resource } from "@go3s/telemetry";
import type { Identity } from "../discovery/identity.js";
import { version } from "../version.js";

/** encodeResource writes an identity as an OTLP Resource message. */
export function encodeResource(identity: Identity): Uint8Array {
  const attributes: KeyValue[] = [...identity.attributes].map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { intValue: BigInt(value) } : { stringValue: value },
  }));
  return encodeProtobuf(Resource, { attributes });
}

/** encodedScope is the OTLP InstrumentationScope of everything the agent makes. */
export const encodedScope: Uint8Array = encodeProtobuf(InstrumentationScope, { name: "go3s.agent", version });
