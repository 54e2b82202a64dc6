import type { WholeSpan } from "../whole/spans.js";

/** TraceSpan is a span in its place within the trace. */
export interface TraceSpan {
  readonly span: WholeSpan;
  readonly index: number;
  /** parent is the parent's index, -1 without one. */
  readonly parent: number;
  readonly children: readonly number[];
  /** left and right number the tree so that a descendant's lie within its ancestor's (nested sets). */
  readonly left: number;
  readonly right: number;
}

/** Trace is the spans of one trace with what is known only of all of them. */
export interface Trace {
  readonly id: string;
  readonly spans: readonly TraceSpan[];
  readonly rootName: string;
  readonly rootService: string;
  readonly start_ns: bigint;
  readonly duration_ns: bigint;
}

/** traceOf puts the spans of one trace into their tree; spans whose parent is not here stand beside the root. */
export function traceOf(spans: readonly WholeSpan[]): Trace {
  const places = new Map(spans.map((span, i) => [span.span_id, i]));
  const children: number[][] = spans.map(() => []);
  const parents = spans.map((span, i) => {
    const parent = places.get(span.parent_span_id) ?? -1;
    return parent === i ? -1 : parent;
  });
  for (const [i, parent] of parents.entries()) children[parent]?.push(i);
  const numbers = numbered(parents, children);
  let start = spans[0]?.start_ns ?? 0n;
  let end = start;
  for (const { start_ns, duration_ns } of spans) {
    if (start_ns < start) start = start_ns;
    if (start_ns + duration_ns > end) end = start_ns + duration_ns;
  }
  const root = spans.find((span) => span.parent_span_id === "");
  return {
    id: spans[0]?.trace_id ?? "",
    spans: spans.map((span, index) => ({
      span,
      index,
      parent: parents[index] ?? -1,
      children: children[index] ?? [],
      left: numbers.left[index] ?? 0,
      right: numbers.right[index] ?? 0,
    })),
    rootName: root?.operation ?? "",
    rootService: root?.service_name ?? "",
    start_ns: start,
    duration_ns: end - start,
  };
}

/** numbered walks the tree without recursion: a hostile trace may be a chain of 100,000 spans, or a ring, whose spans keep 0. */
function numbered(
  parents: readonly number[],
  children: readonly (readonly number[])[],
): { readonly left: Int32Array; readonly right: Int32Array } {
  const left = new Int32Array(parents.length);
  const right = new Int32Array(parents.length);
  let next = 1;
  const stack: { readonly index: number; at: number }[] = [];
  for (const [root, parent] of parents.entries()) {
    if (parent !== -1) continue;
    left[root] = next++;
    stack.push({ index: root, at: 0 });
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const child = children[top.index]?.[top.at++];
      if (child === undefined) {
        right[top.index] = next++;
        stack.pop();
      } else {
        left[child] = next++;
        stack.push({ index: child, at: 0 });
      }
    }
  }
  return { left, right };
}
