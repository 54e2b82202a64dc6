import type { TraceAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { linkTo, param, setParams } from "../base/address.js";
import { countText, plural } from "../base/number.js";
import { cell } from "../base/text.js";
import { durationText } from "../base/time.js";
import { useActions } from "../base/use-actions.js";
import { copy, filterTerm } from "../widgets/attributes.js";
import { Duration, Moment, Service } from "../widgets/figure.js";
import { criticalPath } from "../widgets/waterfall/critical-path.js";
import type { View } from "../widgets/waterfall/draw.js";
import { findRows, nextMatch, withParents } from "../widgets/waterfall/find.js";
import { Minimap } from "../widgets/waterfall/minimap.js";
import {
  foldBelow,
  modelOf,
  operationOf,
  serviceOf,
  type TraceModel,
  unfoldTo,
  visibleRows,
} from "../widgets/waterfall/model.js";
import { moved, zoomed } from "../widgets/waterfall/view.js";
import { Waterfall } from "../widgets/waterfall/waterfall.js";
import { SpanDrawer } from "./span-drawer.js";
import { TraceTools } from "./trace-tools.js";

function viewOf(text: string, duration: number): View {
  const [from, to] = text.split("-").map(Number);
  if (from === undefined || to === undefined || !(from >= 0 && to > from && to <= duration))
    return { from: 0, to: duration };
  return { from, to };
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

/** TraceView is one trace: minimap, waterfall, find, and the details of one span. Its state is in the address. */
export function TraceView({ answer }: { answer: TraceAnswer }): JSX.Element {
  const model = useMemo(() => modelOf(answer), [answer]);
  const path = useMemo(() => criticalPath(model), [model]);
  const logRows = useMemo(() => logsByRow(model), [model]);
  const [folds, setFolds] = useState<{ readonly folded: Uint8Array }>(() => ({
    folded: new Uint8Array(model.count),
  }));
  const folded = folds.folded.length === model.count ? folds.folded : new Uint8Array(model.count);
  const findText = param("find");
  const only = param("only") === "1";
  const found = useMemo(() => findRows(model, findText), [model, findText]);
  const keep = useMemo(
    () => (only && findText !== "" ? withParents(model, found.marks) : undefined),
    [model, found, only, findText],
  );
  const rows = useMemo(() => visibleRows(model, folded, keep), [model, folds, keep]);
  const span = param("span");
  const open = useMemo(() => (span === "" ? -1 : answer.spans.span_id.indexOf(span)), [answer, span]);
  const [cursor, setCursor] = useState(Math.max(open, 0));
  const view = viewOf(param("view"), model.duration);

  useEffect(() => {
    if (open < 0) return;
    setCursor(open);
    if (unfoldTo(model, folded, open)) setFolds({ folded });
  }, [open, model]);

  const setView = (next: View) => {
    const whole = next.from <= 0 && next.to >= model.duration;
    setParams({ view: whole ? undefined : `${Math.round(next.from)}-${Math.round(next.to)}` }, "replace");
  };
  const choose = (row: number) => {
    setCursor(row);
    if (param("span") !== "") setParams({ span: answer.spans.span_id[row] }, "replace");
  };
  const openRow = (row: number) =>
    setParams({ span: answer.spans.span_id[row] }, param("span") === "" ? "push" : "replace");
  const fold = (row: number) => {
    const next = folded.slice();
    next[row] = next[row] === 1 ? 0 : 1;
    setFolds({ folded: next });
  };
  const jump = (direction: 1 | -1) => {
    const next = nextMatch(found.rows, cursor, direction);
    if (next < 0) return;
    if (unfoldTo(model, folded, next)) setFolds({ folded: folded.slice() });
    choose(next);
  };
  const zoomTo = (row: number) => {
    const length = Math.max(100, model.length[row] ?? 0);
    const middle = (model.start[row] ?? 0) + length / 2;
    setView(moved({ from: middle - length * 0.6, to: middle + length * 0.6 }, 0, model.duration));
  };
  const step = (by: number) => {
    const place = rows.indexOf(cursor);
    const next = rows[Math.min(rows.length - 1, Math.max(0, place + by))];
    if (next !== undefined) choose(next);
  };

  useActions([
    { id: "list-next", title: "Next span", section: "List", keys: "j", run: () => step(1) },
    { id: "list-previous", title: "Previous span", section: "List", keys: "k", run: () => step(-1) },
    {
      id: "span-open",
      title: "Open the span",
      section: "Trace",
      keys: "Enter",
      run: () => openRow(cursor),
    },
    { id: "find-next", title: "Next match", section: "Trace", keys: "n", run: () => jump(1) },
    { id: "find-previous", title: "Previous match", section: "Trace", keys: "N", run: () => jump(-1) },
    {
      id: "find",
      title: "Find in the trace",
      section: "Trace",
      keys: "f",
      run: () => document.getElementById("find")?.focus(),
    },
    {
      id: "zoom-span",
      title: "Zoom to the span",
      section: "Trace",
      keys: "z",
      run: () => zoomTo(cursor),
    },
    {
      id: "zoom-out",
      title: "The whole trace",
      section: "Trace",
      keys: "0",
      run: () => setView({ from: 0, to: model.duration }),
    },
    {
      id: "zoom-in",
      title: "Zoom in",
      section: "Trace",
      keys: "+",
      run: () => setView(zoomed(view, 0.5, 0.6, model.duration)),
    },
    { id: "fold", title: "Fold or unfold", section: "Trace", keys: "x", run: () => fold(cursor) },
    {
      id: "fold-all",
      title: "Fold all",
      section: "Trace",
      keys: "c",
      run: () => setFolds({ folded: foldBelow(model, 0) }),
    },
    {
      id: "unfold-all",
      title: "Unfold all",
      section: "Trace",
      keys: "e",
      run: () => setFolds({ folded: new Uint8Array(model.count) }),
    },
  ]);

  return (
    <>
      <Head answer={answer} model={model} />
      <TraceTools
        found={found.rows.length}
        at={findText === "" ? 0 : placeIn(found.rows, cursor)}
        text={findText}
        only={only}
        hidden={model.count - rows.length}
        onJump={jump}
        onFold={(level) => setFolds({ folded: foldBelow(model, level) })}
        zoomed={view.from > 0 || view.to < model.duration}
        onWhole={() => setView({ from: 0, to: model.duration })}
      />
      <Minimap model={model} view={view} onView={setView} />
      <div class="trace-main">
        {rows.length === 0 ? (
          <div class="note">
            <p>No span of this trace matches “{cell(findText, 80)}”.</p>
            <button type="button" class="button" onClick={() => setParams({ only: undefined }, "replace")}>
              Show all spans
            </button>
          </div>
        ) : (
          <Waterfall
            model={model}
            rows={rows}
            folded={folded}
            path={path}
            marks={findText === "" ? undefined : found.marks}
            logRows={logRows}
            view={view}
            chosen={cursor}
            onChoose={choose}
            onOpen={openRow}
            onFold={fold}
            onView={setView}
          />
        )}
        {span === "" ? null : (
          <SpanDrawer
            trace={answer.trace_id}
            span={span}
            self={open < 0 ? 0 : (path.self[open] ?? 0)}
            onClose={() => setParams({ span: undefined })}
          />
        )}
      </div>
    </>
  );
}

function placeIn(rows: Int32Array, row: number): number {
  return rows.indexOf(row) + 1;
}

function Head({ answer, model }: { answer: TraceAnswer; model: TraceModel }): JSX.Element {
  const errors = model.failed.reduce((sum, value) => sum + value, 0);
  const cut = answer.total - model.count;
  return (
    <div class="trace-head">
      <div class="row wrap">
        <h1 class="cut">
          {cell(serviceOf(model, 0), 80)} <span class="dim">{cell(operationOf(model, 0), 160)}</span>
        </h1>
      </div>
      <div class="row wrap dim">
        <span>
          <Moment ns={answer.start_ns} />
        </span>
        <strong class="figure">
          <Duration ns={answer.duration_ns} />
        </strong>
        <span>{plural(answer.total, "span")}</span>
        {errors === 0 ? <span>no errors</span> : <span class="bad">{plural(errors, "error")}</span>}
        <span>{plural(answer.services.length, "service")}</span>
        <button
          type="button"
          class="button bare"
          title="Copy the trace's id"
          onClick={() => copy(answer.trace_id)}
        >
          <code>{answer.trace_id}</code>
        </button>
        <a href={linkTo("/logs", { q: filterTerm("trace", answer.trace_id), ...logRange(answer) })}>
          {answer.logs.span.length === 0 ? "Logs" : `${countText(answer.logs.span.length)} logs and events`}
        </a>
        <a
          href={linkTo("/sql", {
            sql: `SELECT * FROM traces WHERE trace_id = '${answer.trace_id}' ORDER BY timestamp_ns`,
          })}
        >
          SQL
        </a>
      </div>
      {cut > 0 ? (
        <p class="warn">
          Only the first {countText(model.count)} of {countText(answer.total)} spans are here (
          {countText(cut)} left out); SQL has all.
        </p>
      ) : null}
      <div class="row wrap services-row">
        {servicesByTime(model).map(([name, ns]) => (
          <span key={name} class="row" title={`${durationText(ns)} of span time`}>
            <Service name={name} />
          </span>
        ))}
      </div>
    </div>
  );
}

function logRange(answer: TraceAnswer): { from: string; to: string } {
  const start = Number(answer.start_ns.slice(0, -6));
  return { from: String(start - 60_000), to: String(start + Math.ceil(answer.duration_ns / 1e6) + 60_000) };
}

function servicesByTime(model: TraceModel): readonly (readonly [string, number])[] {
  const total = new Map<string, number>();
  for (let row = 0; row < model.count; row++) {
    const name = serviceOf(model, row);
    total.set(name, (total.get(name) ?? 0) + (model.length[row] ?? 0));
  }
  return [...total].sort((a, b) => b[1] - a[1]).slice(0, 24);
}
