import { number, text } from "../query/rows.js";
import { type ApiContext, type ApiRequest, columns, nanosToMs, rows } from "./context.js";
import { statuses } from "./names.js";
import { limitOf, rangeOf } from "./parameters.js";
import { dictionary, inOrder, numbersOf, texts } from "./trace-columns.js";
import { treeOf } from "./tree.js";
import type { UsualAnswer } from "./types.js";

const sample = 30;
// Together; what is usual of an operation that makes 10,000 spans is told by a few traces.
const spanLimit = 100_000;
const reachMs = 3_600_000;

/** usual answers GET traces/usual: what traces that begin with an operation are made of. */
export async function usual(context: ApiContext, request: ApiRequest): Promise<UsualAnswer> {
  const range = rangeOf(request.search, request.nowMs);
  const of = (name: string) => request.search.get(name) ?? "";
  const found = await rows(context, request, {
    statement: "usual-traces",
    range,
    parameters: {
      service: of("service"),
      operation: of("operation"),
      except: of("except"),
      limit: limitOf(request.search, sample, 200),
    },
  });
  const empty = { parent: [], start_offset_ns: [], duration_ns: [], service: [], operation: [], status: [] };
  const total = found[0] ? number(found[0], "found") : 0;
  if (found.length === 0)
    return { range, found: 0, traces: 0, services: [], operations: [], statuses, spans: empty };
  const starts = found.map((row) => nanosToMs(text(row, "start_ns")));
  // Ids that senders chose are hexadecimal text; nothing else may come into the list.
  const ids = `[${found.map((row) => `'${text(row, "trace_id").replaceAll(/[^0-9a-f]/g, "")}'`).join(",")}]`;
  const read = await columns(context, request, {
    statement: "usual-spans",
    range: { from_ms: Math.max(0, Math.min(...starts) - reachMs), to_ms: Math.max(...starts) + reachMs },
    parameters: { ids, limit: spanLimit },
  });
  return { range, found: total, ...forest(read) };
}

const noNumbers = (): number[] => [];

/** forest makes one tree per trace. A trace that the limit cut is left out, unless it is the only one. */
function forest(read: readonly (readonly unknown[])[]): Omit<UsualAnswer, "range" | "found"> {
  const trace = texts(read[0]);
  const services = dictionary(read[5]);
  const operations = dictionary(read[6]);
  const durations = numbersOf(read[4]);
  const status = numbersOf(read[7]);
  const ids = texts(read[1]);
  const parents = texts(read[2]);
  const starts = texts(read[3]);
  const spans = {
    parent: noNumbers(),
    start_offset_ns: noNumbers(),
    duration_ns: noNumbers(),
    service: noNumbers(),
    operation: noNumbers(),
    status: noNumbers(),
  };
  let traces = 0;
  for (let from = 0; from < trace.length; ) {
    let to = from + 1;
    while (to < trace.length && trace[to] === trace[from]) to++;
    const cut = to === trace.length && trace.length >= spanLimit;
    if (cut && traces > 0) break;
    const tree = treeOf(ids.slice(from, to), parents.slice(from, to));
    const base = spans.parent.length;
    const origin = BigInt(starts[from] ?? "0");
    const part = <T>(values: readonly T[]) => inOrder(tree, values.slice(from, to));
    for (const above of tree.parent) spans.parent.push(above < 0 ? above : above + base);
    for (const start of part(starts)) spans.start_offset_ns.push(Number(BigInt(start) - origin));
    for (const value of part(durations)) spans.duration_ns.push(value);
    for (const value of part(services.indexes)) spans.service.push(value);
    for (const value of part(operations.indexes)) spans.operation.push(value);
    for (const value of part(status)) spans.status.push(value);
    traces++;
    from = to;
  }
  return { traces, services: services.words, operations: operations.words, statuses, spans };
}
