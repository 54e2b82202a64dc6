import type { FlameNode } from "@go3s/server";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import "../styles/profiles.css";
import { param, setParams } from "../base/address.js";
import { serviceHue } from "../base/colour.js";
import { figureText, plural, shareFigure } from "../base/number.js";
import { cell } from "../base/text.js";
import { durationText } from "../base/time.js";
import { FlameGraph } from "../widgets/flame/flame-graph.js";
import { flameModel } from "../widgets/flame/model.js";
import { type Shape, shapeOf } from "../widgets/trace-shape/shape.js";
import type { TraceModel } from "../widgets/waterfall/model.js";
import type { TraceState } from "./trace-state.js";

// What is narrower than this share of the whole is never a pixel wide, nor is anything below it.
const narrowest = 1 / 20_000;
// A canvas of 30,000 pixels is what browsers take; nobody scrolls through 400 levels.
const deepest = 400;

/** shapeOfTrace merges a trace by operation. */
export function shapeOfTrace(model: TraceModel): Shape {
  return shapeOf({ ...model, ...names(model), failed: (row) => model.failed[row] === 1 });
}

const names = ({ answer: { services, operations } }: TraceModel) => ({ services, operations });

/** TraceMerged is the trace as a flame graph by operation: what is called alike is one bar, its width all its work. */
export function TraceMerged({ state }: { state: TraceState }): JSX.Element {
  const { model, marks } = state;
  const shape = useMemo(() => shapeOfTrace(model), [model]);
  const { flame, places, hues } = useMemo(() => flameOf(shape), [shape]);
  const matched = useMemo(() => {
    if (marks === undefined) return undefined;
    const hit = new Uint8Array(shape.nodes.length);
    for (let row = 0; row < model.count; row++) if (marks[row] === 1) hit[shape.nodeOf[row] ?? 0] = 1;
    return hit;
  }, [shape, marks]);
  const dim = useMemo(
    () => (matched === undefined ? undefined : (at: number) => matched[places[at] ?? 0] !== 1),
    [matched, places],
  );
  const failed = useMemo(
    () => (at: number) => (shape.nodes[places[at] ?? 0]?.errors ?? 0) > 0,
    [shape, places],
  );
  const zoom = places.indexOf(Number(param("zoom") || -1));
  const work = flame.total;
  const tell = (at: number): string => {
    const node = shape.nodes[places[at] ?? 0];
    if (node === undefined) return "";
    const errors = node.errors === 0 ? "" : `, ${plural(node.errors, "error")}`;
    const share = figureText(shareFigure(work === 0 ? 0 : node.work / work));
    return `${cell(node.service, 60)} ${cell(node.operation, 120)}: ${plural(node.count, "span")}${errors}, ${durationText(node.self)} by itself, ${durationText(node.work)} with all below (${share})`;
  };
  return (
    <div class="merged">
      <FlameGraph
        model={flame}
        zoom={zoom}
        find=""
        tell={tell}
        onZoom={(at) => {
          setParams({ zoom: at < 0 ? undefined : String(places[at]) });
          const node = shape.nodes[places[at] ?? -1];
          if (node !== undefined) state.choose(node.row);
        }}
        hue={(at) => hues[at] ?? 0}
        label={(at) => {
          const node = shape.nodes[places[at] ?? 0];
          return node === undefined ? "" : `${node.operation}${node.count > 1 ? ` ×${node.count}` : ""}`;
        }}
        failed={failed}
        {...(dim === undefined ? {} : { dim })}
        chosen={places.indexOf(shape.nodeOf[state.cursor] ?? -1)}
      />
      <p class="dim merged-note">
        Spans that were called alike are one bar. Its width is their own time and that of everything below,
        added up: what ran at the same time counts each.
      </p>
    </div>
  );
}

function flameOf(shape: Shape): {
  readonly flame: ReturnType<typeof flameModel>;
  readonly places: readonly number[];
  readonly hues: readonly number[];
} {
  const total = shape.nodes.reduce((sum, node) => sum + (node.parent < 0 ? node.work : 0), 0);
  const placeOf = new Int32Array(shape.nodes.length).fill(-1);
  const places: number[] = [];
  const nodes: FlameNode[] = [];
  shape.nodes.forEach((node, at) => {
    const parent = node.parent < 0 ? -1 : (placeOf[node.parent] ?? -1);
    if (node.work < total * narrowest || node.depth >= deepest || (node.parent >= 0 && parent < 0)) return;
    placeOf[at] = nodes.length;
    places.push(at);
    nodes.push({
      parent,
      name: node.operation,
      kind: "",
      file: node.service,
      total: node.work,
      self: node.self,
      base_total: 0,
      base_self: 0,
    });
  });
  return {
    flame: flameModel({ nodes, total, base: null, base_total: 0 }),
    places,
    hues: nodes.map((node) => serviceHue(node.file)),
  };
}
