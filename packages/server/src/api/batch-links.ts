import { type Row, text } from "../query/rows.js";
import { type ApiContext, type ApiRequest, rows } from "./context.js";
import type { SpanAnswer } from "./types.js";

type Link = SpanAnswer["links"][number];

const batchKey = "go3s.kafka.batch";
// What was sent long before somebody took it is not looked for: each hour is read.
const reachNs = 6n * 3_600_000_000_000n;

/**
 * batchLinks gives the links of a span with messages to those of their other end that another agent told: what sends them, or what takes
 * them. Both tell what their batches are known again by.
 */
export async function batchLinks(
  context: ApiContext,
  request: ApiRequest,
  { trace_id, timestamp_ns, attributes }: Pick<SpanAnswer, "trace_id" | "timestamp_ns" | "attributes">,
): Promise<readonly Link[]> {
  const batches = attributes[batchKey];
  if (batches === undefined) return [];
  const isSent = attributes["messaging.operation.type"] === "send";
  const at = BigInt(timestamp_ns);
  // Clocks of two machines differ by a little.
  const slackNs = 60_000_000_000n;
  const found = await rows(context, request, {
    statement: "span-batches",
    parameters: {
      trace_id,
      batches,
      sent: isSent ? 0 : 1,
      from_ns: String(at - (isSent ? slackNs : reachNs)),
      to_ns: String(at + (isSent ? reachNs : slackNs)),
    },
  });
  return found.map(linkOf);
}

const linkOf = (row: Row): Link => ({
  trace_id: text(row, "trace_id"),
  span_id: text(row, "span_id"),
  attributes: {
    "go3s.link": "kafka batch",
    "service.name": text(row, "service_name"),
    operation: text(row, "operation"),
  },
});
