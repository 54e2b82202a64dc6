import type { MapEdge, MapNode } from "@go3s/server";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { hueClass } from "../../base/colour.js";
import { figureText, rateFigure, shareFigure } from "../../base/number.js";
import { cell } from "../../base/text.js";
import { durationText } from "../../base/time.js";
import { type Graph, nodeSize, type Pair, redOf, shapeKey } from "./graph.js";
import type { Placed } from "./layout.js";
import { labelPlaces, type Point, pathOf } from "./lines.js";

const origin: Point = { x: 0, y: 0 };
// More edges than this keep the labels of small ones for hovering.
const crowd = 24;
const leastScale = 0.62;
// On a narrow screen the layers go down instead of right.
const narrow = 620;

interface Camera {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** MapWords are the figures beside nodes and edges, where they are not rates. */
export interface MapWords {
  readonly node: (of: MapNode) => string;
  readonly edge: (of: MapEdge) => readonly [above: string, below: string];
}

const rates: MapWords = {
  node: (of) =>
    of.requests === 0
      ? kindWords[of.kind]
      : `${figureText(rateFigure(of.rate))} · p99 ${durationText(of.p99_ns)}`,
  edge: (of) => [figureText(rateFigure(of.rate)), of.p99_ns > 0 ? durationText(of.p99_ns) : ""],
};

/** MapView draws a laid-out graph; the layout is asked for again only when nodes or pairs come or go. */
export function MapView({
  graph,
  selected,
  onSelect,
  words = rates,
}: {
  graph: Graph;
  selected: string;
  onSelect: (id: string) => void;
  words?: MapWords;
}): JSX.Element {
  const [placed, setPlaced] = useState<Placed | undefined>(undefined);
  const [failed, setFailed] = useState("");
  const [hovered, setHovered] = useState("");
  const [camera, setCamera] = useState<Camera>({ x: 0, y: 0, scale: 1 });
  const box = useRef<HTMLDivElement>(null);
  const drag = useRef<{ x: number; y: number; moved: boolean } | undefined>(undefined);
  const shape = shapeKey(graph);

  useEffect(() => {
    let gone = false;
    import("./layout.js")
      .then((module) => module.placeGraph(graph, (box.current?.clientWidth ?? 1000) < narrow))
      .then((next) => {
        // Where nodes come and go all the time, the first layout that is ready is better than waiting for the last.
        setPlaced((old) => {
          if (old === undefined) setCamera(fit(next, box.current));
          return gone && old !== undefined ? old : next;
        });
      })
      .catch((error: unknown) => setFailed(String(error)));
    return () => {
      gone = true;
    };
  }, [shape]);
  useMapWheel(box, setCamera);

  if (failed !== "") {
    return (
      <div class="note bad-note" role="alert">
        <strong>The map could not be laid out.</strong>
        <code>{failed.slice(0, 300)}</code>
        <span>The table shows the same.</span>
      </div>
    );
  }
  const focus = hovered || selected;
  const labels = useMemo(
    () => (placed === undefined ? new Map<string, Point>() : labelPlaces(placed.lines)),
    [placed],
  );
  const near = neighbours(graph, focus);
  const most = Math.max(1e-9, ...graph.pairs.map((pair) => redOf(pair)?.rate ?? 0));
  return (
    <div
      class="map-box"
      ref={box}
      onPointerDown={(event) => {
        drag.current = { x: event.clientX, y: event.clientY, moved: false };
      }}
      onPointerMove={(event) => {
        const from = drag.current;
        if (from === undefined || event.buttons === 0) return;
        const dx = event.clientX - from.x;
        const dy = event.clientY - from.y;
        if (!from.moved && Math.abs(dx) + Math.abs(dy) < 4) return;
        drag.current = { x: event.clientX, y: event.clientY, moved: true };
        setCamera((old) => ({ ...old, x: old.x + dx, y: old.y + dy }));
      }}
      onPointerUp={() => {
        setTimeout(() => {
          drag.current = undefined;
        }, 0);
      }}
    >
      {placed === undefined ? (
        <p class="note dim" role="status">
          Laying out {graph.nodes.length} nodes…
        </p>
      ) : null}
      <svg class="map" role="group" aria-label="Service map">
        <defs>
          <marker
            id="arrow"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="9"
            markerHeight="9"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0 0L8 4L0 8Z" fill="context-stroke" />
          </marker>
        </defs>
        <g transform={`translate(${camera.x} ${camera.y}) scale(${camera.scale})`}>
          {placed === undefined
            ? null
            : graph.pairs.map((pair) => (
                <Edge
                  key={pair.id}
                  pair={pair}
                  words={words}
                  points={placed.lines.get(pair.id) ?? []}
                  at={labels.get(pair.id) ?? origin}
                  share={(redOf(pair)?.rate ?? 0) / most}
                  dim={near !== undefined && !near.has(pair.id)}
                  labelled={
                    graph.pairs.length <= crowd ||
                    (redOf(pair)?.rate ?? 0) / most > 0.01 ||
                    near?.has(pair.id) === true
                  }
                  on={pair.id === focus}
                  onHover={setHovered}
                  onSelect={(id) => {
                    if (drag.current?.moved !== true) onSelect(id);
                  }}
                />
              ))}
          {placed === undefined
            ? null
            : graph.nodes.map((row) => {
                const at = placed.nodes.get(row.id);
                return at === undefined ? null : (
                  <Node
                    key={row.id}
                    of={row}
                    words={words}
                    at={at}
                    dim={near !== undefined && !near.has(row.id)}
                    onHover={setHovered}
                    onSelect={(id) => {
                      if (drag.current?.moved !== true) onSelect(id);
                    }}
                  />
                );
              })}
        </g>
      </svg>
      <div class="map-tools">
        <button
          type="button"
          class="button"
          onClick={() => setCamera((old) => zoomAt(old, 1.25, middle(box.current)))}
          aria-label="Zoom in"
        >
          +
        </button>
        <button
          type="button"
          class="button"
          onClick={() => setCamera((old) => zoomAt(old, 0.8, middle(box.current)))}
          aria-label="Zoom out"
        >
          −
        </button>
        <button
          type="button"
          class="button"
          onClick={() => {
            if (placed !== undefined) setCamera(fit(placed, box.current));
          }}
        >
          Fit
        </button>
      </div>
    </div>
  );
}

function neighbours(graph: Graph, focus: string): ReadonlySet<string> | undefined {
  if (focus === "") return undefined;
  const near = new Set([focus]);
  for (const pair of graph.pairs) {
    if (pair.id === focus || pair.from === focus || pair.to === focus) {
      near.add(pair.id);
      near.add(pair.from);
      near.add(pair.to);
    }
  }
  return near.size === 1 && !graph.nodes.some((row) => row.id === focus) ? undefined : near;
}

function middle(box: HTMLDivElement | null): { x: number; y: number } {
  return { x: (box?.clientWidth ?? 0) / 2, y: (box?.clientHeight ?? 0) / 2 };
}

function zoomAt(old: Camera, factor: number, at: { x: number; y: number }): Camera {
  const scale = Math.min(3, Math.max(0.08, old.scale * factor));
  const by = scale / old.scale;
  return { scale, x: at.x - (at.x - old.x) * by, y: at.y - (at.y - old.y) * by };
}

function fit(placed: Placed, box: HTMLDivElement | null): Camera {
  const width = box?.clientWidth ?? 800;
  const height = box?.clientHeight ?? 500;
  const whole = Math.min(
    1.1,
    (width - 32) / Math.max(1, placed.width),
    (height - 32) / Math.max(1, placed.height),
  );
  // Names must stay readable: a map that does not fit starts at its upper left and is dragged.
  const scale = Math.max(whole, leastScale);
  const place = (room: number, size: number) => Math.max(16, (room - size * scale) / 2);
  return { scale, x: place(width, placed.width), y: place(height, placed.height) };
}

function useMapWheel(
  box: { readonly current: HTMLDivElement | null },
  setCamera: (change: (old: Camera) => Camera) => void,
): void {
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const frame = element.getBoundingClientRect();
      const at = { x: event.clientX - frame.left, y: event.clientY - frame.top };
      setCamera((old) => zoomAt(old, Math.exp(-event.deltaY / 400), at));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, []);
}

const kindWords: Readonly<Record<MapNode["kind"], string>> = {
  service: "",
  process: "process, by TCP",
  external: "outside",
  database: "database",
  messaging: "messaging",
};

function Node({
  of,
  words: { node: figuresOf },
  at,
  dim,
  onHover,
  onSelect,
}: {
  of: MapNode;
  words: MapWords;
  at: { readonly x: number; readonly y: number };
  dim: boolean;
  onHover: (id: string) => void;
  onSelect: (id: string) => void;
}): JSX.Element {
  const failing = of.errors > 0;
  const figures = figuresOf(of);
  const words = `${of.name}${kindWords[of.kind] === "" ? "" : `, ${kindWords[of.kind]}`}, ${figures}${failing ? `, ${of.errors} errors` : ""}`;
  return (
    <g
      class={`node ${of.kind}${failing ? " failing" : ""}${dim ? " dimmed" : ""} ${hueClass(of.name)}`}
      transform={`translate(${at.x} ${at.y})`}
      role="button"
      tabIndex={0}
      onPointerEnter={() => onHover(of.id)}
      onPointerLeave={() => onHover("")}
      onFocus={() => onHover(of.id)}
      onBlur={() => onHover("")}
      onClick={() => onSelect(of.id)}
      onKeyDown={(event) => {
        if (event.key === "Enter") onSelect(of.id);
      }}
    >
      <rect class="frame" width={nodeSize.width} height={nodeSize.height} rx={4} />
      <rect class="hue" width={4} height={nodeSize.height} rx={1} />
      <text x={14} y={19} font-weight="600">
        {short(of.name, failing ? 16 : 22)}
        <title>{cell(words)}</title>
      </text>
      <text class="small" x={14} y={36}>
        {figures}
      </text>
      {failing ? (
        <text class="small bad" x={nodeSize.width - 8} y={19} text-anchor="end">
          {figureText(shareFigure(of.error_share))}
        </text>
      ) : null}
    </g>
  );
}

function short(text: string, length: number): string {
  const shown = cell(text, 200);
  return shown.length > length ? `${shown.slice(0, length - 1)}…` : shown;
}

function Edge({
  pair,
  words,
  points,
  at,
  share,
  labelled,
  dim,
  on,
  onHover,
  onSelect,
}: {
  pair: Pair;
  words: MapWords;
  points: readonly Point[];
  at: Point;
  share: number;
  labelled: boolean;
  dim: boolean;
  on: boolean;
  onHover: (id: string) => void;
  onSelect: (id: string) => void;
}): JSX.Element | null {
  const red = redOf(pair);
  if (points.length < 2 || red === undefined) return null;
  const path = pathOf(points);
  const failing = red.error_share >= 0.01;
  const [label, slow] = words.edge(red);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the table beside the map holds the edges for keyboard and readers
    <g
      class={`edge${pair.spans === undefined ? " tcp" : ""}${failing ? " failing" : ""}${on ? " on" : ""}${dim ? " dimmed" : ""}`}
      onPointerEnter={() => onHover(pair.id)}
      onPointerLeave={() => onHover("")}
      onClick={() => onSelect(pair.id)}
    >
      <path d={path} stroke-width={1 + Math.sqrt(share) * 3.5} marker-end="url(#arrow)" />
      <path class="wide" d={path} />
      {labelled ? (
        <>
          {" "}
          <text class={`small${failing ? " bad" : ""}`} x={at.x} y={at.y - 5} text-anchor="middle">
            {label}
            <title>{pair.spans === undefined ? "TCP connections" : "calls"}</title>
          </text>
          <text class="small" x={at.x} y={at.y + 13} text-anchor="middle">
            {slow}
            {words === rates ? <title>p99</title> : null}
          </text>
        </>
      ) : null}
    </g>
  );
}
