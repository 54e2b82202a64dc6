import type { ProcessSpans } from "../spans/process-spans.js";
import { newOrigins } from "../wires/origins.js";
import type { Wire } from "../wires/wire.js";

/** clientWire makes a socket by which a process asks a broker. */
export function clientWire(process: ProcessSpans): Wire {
  return {
    number: 1,
    process,
    family: 2,
    datagram: false,
    secure: 0,
    localPort: 40_000,
    peerPort: 9092,
    addresses: new Uint8Array(32),
    localText: undefined,
    peerText: undefined,
    path: "",
    namespace: "",
    client: 0,
    origins: newOrigins(),
  };
}
