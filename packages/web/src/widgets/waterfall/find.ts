import type { TraceModel } from "./model.js";

const unitNs: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9 };

/** Found is the rows of a trace that match, as a list to walk and as marks to look up. */
export interface Found {
  readonly rows: Int32Array;
  readonly marks: Uint8Array;
}

/**
 * findRows finds spans by words that must all hold: `error`, `>20ms`, `<1ms`, `>5%` (of the trace), else a text that the
 * operation, the service, the kind or the span id contains. Names are looked at once per dictionary entry.
 */
export function findRows(model: TraceModel, text: string): Found {
  const marks = new Uint8Array(model.count);
  const words = text
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return { rows: new Int32Array(0), marks };
  marks.fill(1);
  for (const word of words) {
    const test = testOf(model, word);
    for (let row = 0; row < model.count; row++) {
      if (marks[row] === 1 && !test(row)) marks[row] = 0;
    }
  }
  const rows: number[] = [];
  for (let row = 0; row < model.count; row++) if (marks[row] === 1) rows.push(row);
  return { rows: Int32Array.from(rows), marks };
}

function testOf(model: TraceModel, word: string): (row: number) => boolean {
  if (word === "error") return (row) => model.failed[row] === 1;
  const size = /^([<>])=?(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|%)$/.exec(word);
  if (size !== null) {
    const unit = size[3] ?? "";
    const limit = Number(size[2]) * (unit === "%" ? model.duration / 100 : (unitNs[unit] ?? 1));
    return size[1] === ">"
      ? (row) => (model.length[row] ?? 0) > limit
      : (row) => (model.length[row] ?? 0) < limit;
  }
  const { answer } = model;
  const holds = (names: readonly string[]) => names.map((name) => name.toLowerCase().includes(word));
  const services = holds(answer.services);
  const operations = holds(answer.operations);
  const kinds = holds(answer.kinds);
  return (row) =>
    operations[model.operation[row] ?? 0] === true ||
    services[model.service[row] ?? 0] === true ||
    kinds[answer.spans.kind[row] ?? 0] === true ||
    answer.spans.span_id[row]?.startsWith(word) === true;
}

/** isFilter tells a text in the filter language, which the server answers, from words that the page finds itself. */
export const isFilter = (text: string): boolean => /(?:^|[\s(])-?[\w.]+:(?!\/\/)\S/.test(text);

/** foundOf marks the spans of some ids; ids that are not here count nothing. */
export function foundOf(model: TraceModel, ids: readonly string[]): Found {
  const marks = new Uint8Array(model.count);
  const wanted = new Set(ids);
  const rows: number[] = [];
  model.answer.spans.span_id.forEach((id, row) => {
    if (!wanted.has(id)) return;
    marks[row] = 1;
    rows.push(row);
  });
  return { rows: Int32Array.from(rows), marks };
}

/** withParents adds everything above the marked rows: what stays on the screen when the rest is hidden. */
export function withParents(model: TraceModel, marks: Uint8Array): Uint8Array {
  const keep = marks.slice();
  for (let row = model.count - 1; row >= 0; row--) {
    const above = model.parent[row] ?? -1;
    if (keep[row] === 1 && above >= 0) keep[above] = 1;
  }
  return keep;
}

/** nextMatch gives the match after (or before) a row, going round. */
export function nextMatch(rows: Int32Array, from: number, direction: 1 | -1): number {
  if (rows.length === 0) return -1;
  if (direction === 1) {
    for (const row of rows) if (row > from) return row;
    return rows[0] ?? -1;
  }
  for (let at = rows.length - 1; at >= 0; at--) {
    const row = rows[at] ?? -1;
    if (row < from) return row;
  }
  return rows[rows.length - 1] ?? -1;
}
