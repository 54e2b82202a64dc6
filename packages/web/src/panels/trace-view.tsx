import type { TraceAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { param, setParams } from "../base/address.js";
import type { Action } from "../base/keyboard.js";
import { cell } from "../base/text.js";
import { useActions } from "../base/use-actions.js";
import { TimeFlame } from "../widgets/trace-shape/time-flame.js";
import { Minimap } from "../widgets/waterfall/minimap.js";
import { zoomed } from "../widgets/waterfall/view.js";
import { Waterfall } from "../widgets/waterfall/waterfall.js";
import { SpanDrawer } from "./span-drawer.js";
import { TraceCompare } from "./trace-compare.js";
import { TraceHead } from "./trace-head.js";
import { TraceMap } from "./trace-map.js";
import { TraceMerged } from "./trace-merged.js";
import { TraceSaid } from "./trace-said.js";
import { projections, type TraceState, useTraceState } from "./trace-state.js";
import { TraceTable } from "./trace-table.js";
import { TraceTools } from "./trace-tools.js";

/** TraceView is one trace in its projections: waterfall, flame graphs, table, map, compared. Its state is in the address. */
export function TraceView({ answer }: { answer: TraceAnswer }): JSX.Element {
  const state = useTraceState(answer);
  const { model, as } = state;
  const span = param("span");
  useActions(actionsOf(state));
  const timed = as === "" || as === "flame";
  return (
    <>
      <TraceHead answer={answer} model={model} waits={as === "" && answer.waits.span.length > 0}>
        <TraceSaid state={state} />
      </TraceHead>
      <TraceTools state={state} />
      {timed ? <Minimap model={model} view={state.view} onView={state.setView} /> : null}
      <div class="trace-main">
        <Projected state={state} />
        {span === "" ? null : (
          <SpanDrawer
            trace={answer.trace_id}
            span={span}
            self={state.open < 0 ? 0 : (state.path.self[state.open] ?? 0)}
            waits={answer.waits}
            waitsAt={state.open < 0 ? undefined : state.waitRows.get(state.open)}
            onClose={() => setParams({ span: undefined })}
          />
        )}
      </div>
    </>
  );
}

function Projected({ state }: { state: TraceState }): JSX.Element {
  const { model, as } = state;
  if (as === "table") return <TraceTable state={state} />;
  if (as === "map") return <TraceMap state={state} />;
  if (as === "merged") return <TraceMerged state={state} />;
  if (as === "compare") return <TraceCompare state={state} />;
  if (as === "flame") {
    return (
      <TimeFlame
        model={model}
        marks={state.marks}
        view={state.view}
        chosen={state.cursor}
        onChoose={state.choose}
        onOpen={state.openRow}
        onView={state.setView}
      />
    );
  }
  if (state.only && state.found?.rows.length === 0) {
    return (
      <div class="note">
        <p>No span of this trace matches “{cell(state.find, 80)}”.</p>
        <button type="button" class="button" onClick={() => setParams({ only: undefined }, "replace")}>
          Show all spans
        </button>
      </div>
    );
  }
  return (
    <Waterfall
      model={model}
      lines={state.lines}
      folded={state.folded}
      path={state.path}
      marks={state.marks}
      logRows={state.logRows}
      waitRows={state.waitRows}
      view={state.view}
      chosen={state.cursor}
      onChoose={state.choose}
      onOpen={state.openRow}
      onFold={state.fold}
      onReveal={state.reveal}
      onView={state.setView}
    />
  );
}

/** actionsOf lists what keys do: those of a list only where no table has its own. */
function actionsOf(state: TraceState): readonly Action[] {
  const { model, view } = state;
  const row = (id: string, title: string, keys: string, run: () => void): Action => ({
    id,
    title,
    section: "Trace",
    keys,
    run,
  });
  const listed = state.as === "table" || state.as === "compare";
  return [
    ...(listed
      ? []
      : [
          { ...row("list-next", "Next span", "j", () => state.step(1)), section: "List" as const },
          { ...row("list-previous", "Previous span", "k", () => state.step(-1)), section: "List" as const },
          row("span-open", "Open the span", "Enter", () => state.openRow(state.cursor)),
        ]),
    row("find-next", "Next match", "n", () => state.jump(1)),
    row("find-previous", "Previous match", "N", () => state.jump(-1)),
    row("find", "Find in the trace", "f", () => document.getElementById("find")?.focus()),
    row("zoom-span", "Zoom to the span", "z", () => state.zoomTo(state.cursor)),
    row("zoom-out", "The whole trace", "0", () => state.setView({ from: 0, to: model.duration })),
    row("zoom-in", "Zoom in", "+", () => state.setView(zoomed(view, 0.5, 0.6, model.duration))),
    row("fold", "Fold or unfold", "x", () => state.fold(state.cursor)),
    row("fold-all", "Fold all", "c", () => state.foldAll(0)),
    row("unfold-all", "Unfold all", "e", () => state.foldAll(Number.POSITIVE_INFINITY)),
    ...projections.map(({ id, title, key }) =>
      row(`as-${id}`, `Show as: ${title}`, key, () => setParams({ as: id })),
    ),
  ];
}
