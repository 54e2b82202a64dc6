import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { readPalette } from "../../base/colour.js";
import { themeShown } from "../../base/settings.js";
import { cell } from "../../base/text.js";
import { changeOf, type FlameModel } from "./model.js";

const rowHeight = 20;
// What is narrower than this share of a pixel is not seen; the parent's colour stands for it.
const narrowest = 0.6;

/** FlameProps of FlameGraph. `zoom` is the node that fills the width, -1 for the whole. */
export interface FlameProps {
  readonly model: FlameModel;
  readonly zoom: number;
  readonly find: string;
  readonly tell: (at: number) => string;
  readonly onZoom: (at: number) => void;
  /** hue of a node, one of the services'; a package's own when absent. */
  readonly hue?: (at: number) => number;
  /** label of a node; its name when absent. */
  readonly label?: (at: number) => string;
  /** dim: nodes that something looked for does not match. */
  readonly dim?: (at: number) => boolean;
  /** failed: nodes with a red edge. */
  readonly failed?: (at: number) => boolean;
  /** chosen is marked, and where the keys begin. */
  readonly chosen?: number;
}

/** hueOf gives kernel frames their own hue and every package one of five others, red not among them, so that neighbours are told apart. */
function hueOf(name: string, kind: string): number {
  if (kind === "kernel") return 8;
  let hash = 7;
  const part = name.replace(/\.[^./]*$/, "");
  for (let at = 0; at < part.length; at++) hash = (Math.imul(hash, 31) + part.charCodeAt(at)) >>> 0;
  return 1 + (hash % 5);
}

/** FlameGraph draws a flame graph on canvas: callers above what they call. Arrows walk it, Enter zooms, Esc zooms out. */
export function FlameGraph(props: FlameProps): JSX.Element {
  const { model, zoom, find, tell, onZoom } = props;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(800);
  const [under, setUnder] = useState(-1);
  const [cursor, setCursor] = useState(props.chosen ?? -1);
  const from = zoom < 0 ? 0 : (model.x[zoom] ?? 0);
  const span = zoom < 0 ? 1 : Math.max(1e-12, model.width[zoom] ?? 1);
  const theme = themeShown.value;
  useEffect(() => {
    if (props.chosen !== undefined && props.chosen >= 0) setCursor(props.chosen);
  }, [props.chosen]);
  const marked = find.toLowerCase();

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const placed = (at: number): readonly [left: number, right: number] => {
    const left = (((model.x[at] ?? 0) - from) / span) * width;
    return [Math.max(0, left), Math.min(width, left + ((model.width[at] ?? 0) / span) * width)];
  };

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (element === null || context === null || context === undefined) return;
    const scale = devicePixelRatio;
    element.width = Math.round(width * scale);
    element.height = Math.round(model.rows * rowHeight * scale);
    context.scale(scale, scale);
    const palette = readPalette();
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    model.nodes.forEach((node, at) => {
      const [left, right] = placed(at);
      if (right - left < narrowest || right <= 0 || left >= width) return;
      const top = (model.depth[at] ?? 0) * rowHeight;
      const hit =
        props.dim === undefined ? marked === "" || node.name.toLowerCase().includes(marked) : !props.dim(at);
      const ancestor = zoom >= 0 && (model.depth[at] ?? 0) < (model.depth[zoom] ?? 0);
      context.globalAlpha = 1;
      context.fillStyle = palette.raised;
      context.fillRect(left, top, right - left, rowHeight);
      if (model.diff) {
        const change = changeOf(model, at);
        context.globalAlpha = hit ? Math.min(0.75, 0.06 + Math.abs(change) * 4) : 0.05;
        context.fillStyle = change > 0 ? palette.bad : (palette.hues[8] ?? palette.accent);
      } else {
        context.globalAlpha = !hit ? 0.12 : ancestor ? 0.35 : 0.6;
        context.fillStyle =
          node.kind === "other"
            ? palette.line
            : (palette.hues[props.hue?.(at) ?? hueOf(node.name, node.kind)] ?? palette.accent);
      }
      context.fillRect(left, top, right - left - 0.5, rowHeight - 1);
      context.globalAlpha = 1;
      if (props.failed?.(at) === true) {
        context.fillStyle = palette.bad;
        context.fillRect(left, top, right - left - 0.5, 3);
      }
      if (at === cursor || at === under) {
        context.strokeStyle = palette.accent;
        context.lineWidth = 2;
        context.strokeRect(left + 1, top + 1, Math.max(1, right - left - 3), rowHeight - 3);
      }
      if (right - left < 28) return;
      context.fillStyle = hit ? palette.text : palette.dim;
      context.save();
      context.beginPath();
      context.rect(left + 4, top, right - left - 8, rowHeight);
      context.clip();
      const label =
        props.label === undefined ? labelOf(node.name, node.kind, right - left) : cell(props.label(at), 200);
      context.fillText(label, left + 4, top + rowHeight / 2);
      context.restore();
    });
  }, [model, width, zoom, marked, under, cursor, theme, props.dim]);

  const nodeUnder = (event: MouseEvent): number => {
    const area = canvas.current?.getBoundingClientRect();
    if (area === undefined) return -1;
    const depth = Math.floor((event.clientY - area.top) / rowHeight);
    const at = event.clientX - area.left;
    for (let node = 0; node < model.nodes.length; node++) {
      if (model.depth[node] !== depth) continue;
      const [left, right] = placed(node);
      if (right - left >= narrowest && at >= left && at < right) return node;
    }
    return -1;
  };
  const walk = (key: string): number | undefined => {
    const here = cursor < 0 ? (zoom < 0 ? (model.roots[0] ?? -1) : zoom) : cursor;
    if (cursor < 0) return here;
    const parent = model.nodes[here]?.parent ?? -1;
    const siblings = parent < 0 ? model.roots : (model.children[parent] ?? []);
    const place = siblings.indexOf(here);
    if (key === "ArrowUp") return parent < 0 ? here : parent;
    if (key === "ArrowDown") {
      const below = model.children[here] ?? [];
      return below.reduce(
        (best, at) => ((model.width[at] ?? 0) > (model.width[best] ?? 0) ? at : best),
        below[0] ?? here,
      );
    }
    if (key === "ArrowLeft") return siblings[place - 1] ?? here;
    if (key === "ArrowRight") return siblings[place + 1] ?? here;
    return undefined;
  };
  const shown = under >= 0 ? under : cursor;
  return (
    <div class="flame">
      <p class="said mono" role="status">
        {shown < 0 ? "Hover or use the arrows; Enter or a click zooms, Esc goes back." : tell(shown)}
      </p>
      <div
        ref={box}
        class="flame-box"
        role="application"
        aria-label={`Flame graph, ${model.nodes.length} places${shown < 0 ? "" : `; ${cell(tell(shown))}`}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes keys; the arrows walk the graph
        tabIndex={0}
        onKeyDown={(event) => {
          if (event.ctrlKey || event.metaKey || event.altKey) return;
          if (event.key === "Enter" && cursor >= 0) onZoom(cursor);
          else if (event.key === "Escape" && zoom >= 0) onZoom(model.nodes[zoom]?.parent ?? -1);
          else {
            const next = walk(event.key);
            if (next === undefined || !event.key.startsWith("Arrow")) return;
            setCursor(next);
          }
          event.preventDefault();
        }}
      >
        <canvas
          ref={canvas}
          style={{ width: "100%", height: `${model.rows * rowHeight}px` }}
          onMouseMove={(event) => setUnder(nodeUnder(event))}
          onMouseLeave={() => setUnder(-1)}
          onClick={(event) => {
            const at = nodeUnder(event);
            if (at >= 0) onZoom(at === zoom ? (model.nodes[at]?.parent ?? -1) : at);
          }}
        />
      </div>
    </div>
  );
}

/** labelOf leaves the path of a Go package out where there is no room for it: `net/http.(*conn).serve` is `http.(*conn).serve`. */
function labelOf(name: string, kind: string, room: number): string {
  if (kind === "other") return "(other)";
  const text = cell(name, 200);
  return text.length * 6.6 > room ? text.replace(/^[^(]*\//, "") : text;
}
