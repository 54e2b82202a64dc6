import type { TraceAnswer, TraceMatchesAnswer } from "@go3s/server";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { param, setParams } from "../base/address.js";
import { useAnswer } from "../base/answers.js";
import { type ApiError, apiUrl } from "../base/api.js";
import { type CriticalPath, criticalPath } from "../widgets/waterfall/critical-path.js";
import type { View } from "../widgets/waterfall/draw.js";
import {
  type Found,
  findRows,
  foundOf,
  isFilter,
  nextMatch,
  withParents,
} from "../widgets/waterfall/find.js";
import { type Gap, type Lines, linesOf, placeBefore, rowAt } from "../widgets/waterfall/lines.js";
import { foldBelow, modelOf, type TraceModel, unfoldTo } from "../widgets/waterfall/model.js";
import { moved } from "../widgets/waterfall/view.js";
import { waitsByRow } from "../widgets/waterfall/waits.js";

/** projections of a trace: the same selection, find and filter in each. */
export const projections = [
  { id: "", title: "Waterfall", key: "1" },
  { id: "flame", title: "Flame graph", key: "2" },
  { id: "merged", title: "Merged", key: "3" },
  { id: "table", title: "Table", key: "4" },
  { id: "map", title: "Map", key: "5" },
  { id: "compare", title: "Compare", key: "6" },
] as const;

/** Projection is one of them, as the address names it. */
export type Projection = (typeof projections)[number]["id"];

/** TraceState is what all projections of a trace share. What the reader chose is in the address, but for folds. */
export interface TraceState {
  readonly answer: TraceAnswer;
  readonly model: TraceModel;
  readonly path: CriticalPath;
  readonly logRows: ReadonlyMap<number, readonly number[]>;
  readonly waitRows: ReadonlyMap<number, number>;
  readonly as: Projection;
  readonly find: string;
  /** found: undefined while the server looks for a filter's spans, or nothing is looked for. */
  readonly found: Found | undefined;
  readonly findError: ApiError | undefined;
  readonly only: boolean;
  /** marks: what does not match is dimmed; undefined when nothing is looked for. */
  readonly marks: Uint8Array | undefined;
  readonly folded: Uint8Array;
  readonly lines: Lines;
  readonly view: View;
  readonly cursor: number;
  /** open is the row of the span in the drawer, -1 for none or one that is not here. */
  readonly open: number;
  setView(view: View): void;
  choose(row: number): void;
  openRow(row: number): void;
  fold(row: number): void;
  foldAll(level: number): void;
  reveal(gap: Gap): void;
  jump(direction: 1 | -1): void;
  zoomTo(row: number): void;
  step(by: number): void;
}

function viewOf(text: string, duration: number): View {
  const [from, to] = text.split("-").map(Number);
  if (from === undefined || to === undefined || !(from >= 0 && to > from && to <= duration))
    return { from: 0, to: duration };
  return { from, to };
}

const settledMs = 200;

/**
 * useView keeps the part of the trace that shows. Zooming changes it with every frame, but browsers drop changes of the
 * address that come too often (Chromium: 200 in half a minute), so the address follows when the hand rests.
 */
function useView(duration: number): readonly [View, (view: View) => void] {
  const linked = param("view");
  const [moving, setMoving] = useState<View | undefined>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    clearTimeout(timer.current);
    setMoving(undefined);
  }, [linked, duration]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = (next: View) => {
    setMoving(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const whole = next.from <= 0 && next.to >= duration;
      setParams({ view: whole ? undefined : `${Math.round(next.from)}-${Math.round(next.to)}` }, "replace");
      // Where the address stays as it was, nothing else ends the movement.
      setMoving(undefined);
    }, settledMs);
  };
  return [moving ?? viewOf(linked, duration), change];
}

function projectionOf(text: string): Projection {
  return projections.find((row) => row.id === text)?.id ?? "";
}

/** logsByRow lists the log records and events of each row. */
function logsByRow(model: TraceModel): ReadonlyMap<number, readonly number[]> {
  const map = new Map<number, number[]>();
  model.answer.logs.span.forEach((row, log) => {
    const list = map.get(row);
    if (list === undefined) map.set(row, [log]);
    else if (list.length < 200) list.push(log);
  });
  return map;
}

/** useFound finds in the page what names and durations tell, and by the server what only attributes do. */
function useFound(
  model: TraceModel,
  text: string,
): { found: Found | undefined; error: ApiError | undefined } {
  const asked = isFilter(text);
  const answer = useAnswer<TraceMatchesAnswer>(
    asked ? apiUrl(`traces/${model.answer.trace_id}/matches`, { filter: text }) : undefined,
  );
  const ids = asked && !answer.stale ? answer.data : undefined;
  const found = useMemo(
    () => (text === "" ? undefined : asked ? ids && foundOf(model, ids.span_id) : findRows(model, text)),
    [model, text, asked, ids],
  );
  return { found, error: asked ? answer.error : undefined };
}

/** useTraceState reads a trace's state from the address and gives what changes it. */
export function useTraceState(answer: TraceAnswer): TraceState {
  const model = useMemo(() => modelOf(answer), [answer]);
  const path = useMemo(() => criticalPath(model), [model]);
  const logRows = useMemo(() => logsByRow(model), [model]);
  const waitRows = useMemo(() => waitsByRow(answer), [answer]);
  const [folds, setFolds] = useState<{ readonly folded: Uint8Array }>(() => ({
    folded: new Uint8Array(model.count),
  }));
  const folded = folds.folded.length === model.count ? folds.folded : new Uint8Array(model.count);
  const find = param("find");
  const only = param("only") === "1";
  const { found, error } = useFound(model, find);
  const [revealed, setRevealed] = useState<readonly Gap[]>([]);
  const keep = useMemo(() => {
    if (!only || found === undefined) return undefined;
    const marks = withParents(model, found.marks);
    for (const gap of revealed) marks.fill(1, gap.first, gap.end);
    return marks;
  }, [model, found, only, revealed]);
  const lines = useMemo(() => linesOf(model, folded, keep), [model, folds, keep]);
  const span = param("span");
  const open = useMemo(() => (span === "" ? -1 : answer.spans.span_id.indexOf(span)), [answer, span]);
  const [cursor, setCursor] = useState(Math.max(open, 0));
  const [view, setView] = useView(model.duration);
  const wanted = useRef<1 | -1 | 0>(0);

  useEffect(() => setRevealed([]), [find, only]);
  useEffect(() => {
    if (open < 0) return;
    setCursor(open);
    if (unfoldTo(model, folded, open)) setFolds({ folded });
  }, [open, model]);

  const choose = (row: number) => {
    setCursor(row);
    if (param("span") !== "") setParams({ span: answer.spans.span_id[row] }, "replace");
  };
  const jump = (direction: 1 | -1) => {
    if (found === undefined) {
      wanted.current = find === "" ? 0 : direction;
      return;
    }
    const next = nextMatch(found.rows, cursor, direction);
    if (next < 0) return;
    if (unfoldTo(model, folded, next)) setFolds({ folded: folded.slice() });
    choose(next);
  };
  useEffect(() => {
    if (found === undefined || wanted.current === 0) return;
    const direction = wanted.current;
    wanted.current = 0;
    jump(direction);
  }, [found]);

  return {
    answer,
    model,
    path,
    logRows,
    waitRows,
    as: projectionOf(param("as")),
    find,
    found,
    findError: error,
    only,
    marks: found?.marks,
    folded,
    lines,
    view,
    cursor,
    open,
    setView,
    choose,
    jump,
    openRow: (row) =>
      setParams({ span: answer.spans.span_id[row] }, param("span") === "" ? "push" : "replace"),
    fold(row) {
      const next = folded.slice();
      next[row] = next[row] === 1 ? 0 : 1;
      setFolds({ folded: next });
    },
    foldAll: (level) => setFolds({ folded: foldBelow(model, level) }),
    reveal: (gap) => setRevealed([...revealed, gap]),
    zoomTo(row) {
      const length = Math.max(100, model.length[row] ?? 0);
      const middle = (model.start[row] ?? 0) + length / 2;
      setView(moved({ from: middle - length * 0.6, to: middle + length * 0.6 }, 0, model.duration));
    },
    step(by) {
      const next = Math.min(lines.rows.length - 1, Math.max(0, placeBefore(lines, cursor) + by));
      if (next >= 0) choose(rowAt(lines, next));
    },
  };
}
