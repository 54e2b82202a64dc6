import { StoreError } from "../errors.js";
import { FRAME_PAYLOAD_MAX } from "../wal/frame.js";

/** IngestLimits bound what one request can make of a block, whatever its bytes say. */
export interface IngestLimits {
  /** Most rows of one request. A row takes 100 bytes and more, an empty log record two on the wire. */
  readonly rowsPerRequest: number;
  /** Most attributes of one resource: they are repeated for every row. */
  readonly resourceAttributes: number;
  /** Most resource attributes times rows of one request. */
  readonly repeatedAttributes: number;
  /** Most bytes of one attribute value made of arrays and maps, as JSON text. */
  readonly nestedValueBytes: number;
  /** Most entries of a profile's dictionary, all tables together: 21 bytes each while the request is read. */
  readonly dictionaryEntries: number;
  /** Most frames of one stack: Go's profiles have 128 at most, perf's 127, the eBPF profiler's 128. */
  readonly framesPerStack: number;
  /** Most frames that one request brings: few bytes on the wire can name a long stack again and again. */
  readonly framesPerRequest: number;
  /** Most bytes of a block: what the log takes in one frame, less its head of names and types. */
  readonly blockBytes: number;
}

/** INGEST_LIMITS are far above what senders do (8,192 spans in a request, 30 resource attributes) and bound memory to 256 MiB. */
export const INGEST_LIMITS: IngestLimits = {
  rowsPerRequest: 500_000,
  resourceAttributes: 1_024,
  repeatedAttributes: 10_000_000,
  nestedValueBytes: 16 << 20,
  dictionaryEntries: 4_000_000,
  framesPerStack: 4_096,
  framesPerRequest: 1_500_000,
  blockBytes: FRAME_PAYLOAD_MAX - (1 << 20),
};

/** requireBelow throws `request-too-large` when a request is above a limit. */
export function requireBelow(what: string, value: number, limit: number): void {
  if (value <= limit) return;
  throw new StoreError(
    "request-too-large",
    `taking a request in: ${value} ${what}, at most ${limit} are allowed`,
    {
      hint: "send smaller batches",
    },
  );
}
