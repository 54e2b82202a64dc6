import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { setParams } from "../base/address.js";
import { plural } from "../base/number.js";
import { durationText } from "../base/time.js";
import { MapView, type MapWords } from "../widgets/map/map-view.js";
import { callsOf } from "../widgets/trace-shape/calls.js";
import { selfTimes } from "../widgets/trace-shape/shape.js";
import type { TraceState } from "./trace-state.js";

const words: MapWords = {
  node: (of) => `${plural(of.requests, "span")} · ${durationText(of.p50_ns)}`,
  edge: (of) => [`×${of.requests}`, durationText(of.p50_ns)],
};

/** TraceMap is the trace's services and their calls; choosing one looks for its spans in every projection. */
export function TraceMap({ state }: { state: TraceState }): JSX.Element {
  const { model } = state;
  const { graph } = useMemo(() => callsOf(model, selfTimes(model)), [model]);
  // What is looked for may be a service's name, from here or from another projection; the span under the cursor else.
  const found = graph.nodes.find((node) => node.name === state.find);
  const here = graph.nodes.find(
    (node) => node.name === model.answer.services[model.service[state.cursor] ?? 0],
  );
  const selected = (found ?? (state.find === "" && state.open >= 0 ? here : undefined))?.id ?? "";
  return (
    <div class="list">
      <p class="strip dim">
        Spans and their own time by service; calls with the called spans' time. A service's spans are looked
        for when it is chosen.
      </p>
      <MapView
        graph={graph}
        words={words}
        selected={selected}
        onSelect={(id) => {
          const to = graph.pairs.find((pair) => pair.id === id)?.to ?? id;
          const name = graph.nodes.find((node) => node.id === to)?.name ?? "";
          setParams({ find: name === state.find ? undefined : name });
        }}
      />
    </div>
  );
}
