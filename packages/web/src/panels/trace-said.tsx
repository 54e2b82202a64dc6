import type { SpanAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { useAnswer } from "../base/answers.js";
import { apiUrl } from "../base/api.js";
import { figureText, shareFigure } from "../base/number.js";
import { cell } from "../base/text.js";
import { durationText } from "../base/time.js";
import { operationOf, serviceOf, type TraceModel } from "../widgets/waterfall/model.js";
import { type WaitPart, waitParts } from "../widgets/waterfall/waits.js";
import type { TraceState } from "./trace-state.js";

/** firstFailure finds where an error began: of the failed spans without a failed one below, the one that ended first; -1 for none. */
export function firstFailure(model: TraceModel): number {
  let found = -1;
  let earliest = Number.POSITIVE_INFINITY;
  for (let row = 0; row < model.count; row++) {
    if (model.failed[row] !== 1 || model.failures[row] !== 1) continue;
    const end = (model.start[row] ?? 0) + (model.length[row] ?? 0);
    if (end >= earliest) continue;
    earliest = end;
    found = row;
  }
  return found;
}

/** messageOf gives what was logged of a row's failure, or "". */
function messageOf(state: TraceState, row: number): string {
  const { text, level } = state.answer.logs;
  const logs = state.logRows.get(row) ?? [];
  const log = logs.find((at) => level[at] === "ERROR" || level[at] === "FATAL") ?? logs.at(-1);
  return log === undefined ? "" : (text[log] ?? "");
}

/** Part is an operation's share of the critical path. */
export interface Part {
  readonly row: number;
  readonly ns: number;
  readonly count: number;
}

/** slowest gives the operations with most of the critical path, each with its largest span: none below a tenth of it. */
export function slowest(model: TraceModel, self: Float64Array, most: number): readonly Part[] {
  const parts = new Map<number, { row: number; ns: number; count: number }>();
  let whole = 0;
  for (let row = 0; row < model.count; row++) {
    const ns = self[row] ?? 0;
    if (ns <= 0) continue;
    whole += ns;
    const key = (model.service[row] ?? 0) * model.answer.operations.length + (model.operation[row] ?? 0);
    const part = parts.get(key);
    if (part === undefined) parts.set(key, { row, ns, count: 1 });
    else {
      part.ns += ns;
      part.count++;
      if (ns > (self[part.row] ?? 0)) part.row = row;
    }
  }
  return [...parts.values()]
    .filter((part) => part.ns >= whole / 10)
    .sort((a, b) => b.ns - a.ns)
    .slice(0, most);
}

/** waitOf says what a span's goroutine did most of its time, where that was to wait; "" else. */
function waitOf(state: TraceState, row: number): string {
  const at = state.waitRows.get(row);
  if (at === undefined) return "";
  const most = waitParts(state.answer.waits, at).reduce<WaitPart | undefined>(
    (best, part) => (best === undefined || part.ns > best.ns ? part : best),
    undefined,
  );
  if (most === undefined || most.id === "running") return "";
  return `; its goroutine ${most.words} ${figureText(shareFigure(most.share))} of the time`;
}

/** TraceSaid says what nobody should have to look for: where it failed first and with what words, and where the time went. */
export function TraceSaid({ state }: { state: TraceState }): JSX.Element | null {
  const { model, path } = state;
  const failed = useMemo(() => firstFailure(model), [model]);
  const parts = useMemo(() => slowest(model, path.self, 3), [model, path]);
  const waited = parts.map((part) => waitOf(state, part.row));
  const logged = failed < 0 ? "" : messageOf(state, failed);
  // What its status says comes with the span; it is asked for only where nothing was logged.
  const span = useAnswer<SpanAnswer>(
    failed < 0 || logged !== ""
      ? undefined
      : apiUrl(`traces/${state.answer.trace_id}/spans/${state.answer.spans.span_id[failed]}`),
  );
  const message = logged === "" ? (span.data?.status_message ?? "") : logged;
  // Of two spans nobody has to be told which is the long one.
  const told = model.count > 2 || waited.some((text) => text !== "");
  if (failed < 0 && !told) return null;
  return (
    <div class="trace-said">
      {failed < 0 ? null : (
        <p class="cut">
          <span class="bad">Failed first</span> in <SpanLink state={state} row={failed} />
          {message === "" ? "" : `: ${cell(message, 300)}`}
        </p>
      )}
      {!told ? null : (
        <p class="cut">
          <span class="dim">Time went to</span>{" "}
          {parts.map((part, at) => (
            <span key={part.row}>
              {at > 0 ? ", " : ""}
              <SpanLink state={state} row={part.row} />
              {part.count > 1 ? ` ×${part.count}` : ""} {durationText(part.ns)}{" "}
              <span class="dim">
                ({figureText(shareFigure(part.ns / model.duration))}
                {waited[at]})
              </span>
            </span>
          ))}
        </p>
      )}
    </div>
  );
}

function SpanLink({ state, row }: { state: TraceState; row: number }): JSX.Element {
  const { model } = state;
  return (
    <button
      type="button"
      class="text-link"
      onClick={() => {
        state.choose(row);
        state.openRow(row);
      }}
    >
      {cell(serviceOf(model, row), 40)} {cell(operationOf(model, row), 80)}
    </button>
  );
}
