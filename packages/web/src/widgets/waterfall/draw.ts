import { type Palette, serviceHue } from "../../base/colour.js";
import { plural } from "../../base/number.js";
import { cell } from "../../base/text.js";
import { durationText } from "../../base/time.js";
import type { CriticalPath } from "./critical-path.js";
import { type Gap, gapAt, type Lines, rowAt } from "./lines.js";
import { hasChildren, operationOf, serviceOf, type TraceModel } from "./model.js";
import { textureOf, waitParts } from "./waits.js";

// Draws only the rows that show: measured by the field notes, a canvas of 8,000 shapes redraws in 1.4 ms, whatever the
// trace's size; a screen holds about forty rows.

/** rowHeight of the waterfall in pixels; index.css of the minimap and the spacer rely on it. */
export const rowHeight = 24;

/** View is the part of the trace on the screen, in nanoseconds from its start. */
export interface View {
  readonly from: number;
  readonly to: number;
}

/** Scene is everything a frame needs. */
export interface Scene {
  readonly model: TraceModel;
  readonly lines: Lines;
  readonly folded: Uint8Array;
  readonly path: CriticalPath;
  readonly marks: Uint8Array | undefined;
  readonly logRows: ReadonlyMap<number, readonly number[]>;
  /** waitRows: where a row's waits stand in the answer's columns. */
  readonly waitRows: ReadonlyMap<number, number>;
  readonly view: View;
  readonly chosen: number;
  readonly hovered: number;
  readonly nameWidth: number;
  readonly palette: Palette;
}

const step = 11;
const deepest = 10;
const font = "12px system-ui, sans-serif";
const boldFont = "600 12px system-ui, sans-serif";
const smallFont = "11px system-ui, sans-serif";

/** indentOf is where a row's name begins: capped, so that depth never eats the name. */
export const indentOf = (depth: number): number => 8 + Math.min(depth, deepest) * step;

/** xOf places a moment in the timeline. */
export function xOf(view: View, left: number, width: number, ns: number): number {
  return left + ((ns - view.from) / (view.to - view.from)) * width;
}

/** drawScene paints the rows between two scroll offsets. */
export function drawScene(
  context: CanvasRenderingContext2D,
  scene: Scene,
  width: number,
  height: number,
  top: number,
): void {
  const { lines, palette, nameWidth } = scene;
  context.clearRect(0, 0, width, height);
  context.textBaseline = "middle";
  const first = Math.max(0, Math.floor(top / rowHeight));
  const last = Math.min(lines.rows.length, Math.ceil((top + height) / rowHeight));
  drawGrid(context, scene, width, height);
  for (let place = first; place < last; place++) {
    const row = rowAt(lines, place);
    const y = place * rowHeight - top;
    const gap = gapAt(lines, place);
    if (gap !== undefined) {
      drawGap(context, scene, gap, y, width);
      continue;
    }
    if (row === scene.chosen || row === scene.hovered) {
      context.fillStyle = row === scene.chosen ? palette.accentSoft : palette.line;
      context.globalAlpha = row === scene.chosen ? 1 : 0.5;
      context.fillRect(0, y, width, rowHeight);
    }
    context.globalAlpha = scene.marks !== undefined && scene.marks[row] !== 1 ? 0.32 : 1;
    drawBar(context, scene, row, y, width);
    context.globalAlpha = 1;
  }
  context.save();
  context.beginPath();
  context.rect(0, 0, nameWidth - 6, height);
  context.clip();
  for (let place = first; place < last; place++) {
    if (gapAt(lines, place) !== undefined) continue;
    const row = rowAt(lines, place);
    context.globalAlpha = scene.marks !== undefined && scene.marks[row] !== 1 ? 0.45 : 1;
    drawName(context, scene, row, place * rowHeight - top);
  }
  context.restore();
  context.fillStyle = palette.line;
  context.fillRect(nameWidth - 1, 0, 1, height);
}

/** groupText says what a group of spans is that do not show: `1,204 spans, 3 errors, 12.1 s`. */
function groupText(spans: number, errors: number, ns: number): string {
  const failed = errors === 0 ? "" : `, ${plural(errors, "error")}`;
  return `${plural(spans, "span")}${failed}, ${durationText(ns)}`;
}

/** insideText says what a folded row holds; the time is that of its children, added up. */
export function insideText(model: TraceModel, row: number): string {
  const end = model.end[row] ?? row + 1;
  let ns = 0;
  for (let child = row + 1; child < end; child = model.end[child] ?? end) ns += model.length[child] ?? 0;
  const errors = (model.failures[row] ?? 0) - (model.failed[row] ?? 0);
  return `${groupText(end - row - 1, errors, ns)} inside`;
}

/** gapText says what a gap stands for. */
export const gapText = (gap: Gap): string => groupText(gap.end - gap.first, gap.errors, gap.ns);

function drawGap(context: CanvasRenderingContext2D, scene: Scene, gap: Gap, y: number, width: number): void {
  const { palette, nameWidth: left, view } = scene;
  const middle = y + rowHeight / 2 + 0.5;
  if (gap.first === scene.hovered) {
    context.fillStyle = palette.line;
    context.globalAlpha = 0.5;
    context.fillRect(0, y, width, rowHeight);
    context.globalAlpha = 1;
  }
  context.font = smallFont;
  context.fillStyle = gap.errors > 0 ? palette.bad : palette.dim;
  context.fillText(`⋯ ${gapText(gap)}`, indentOf(Math.min(3, scene.model.depth[gap.first] ?? 0)), middle);
  const from = Math.max(left, xOf(view, left, width - left, gap.from));
  const to = Math.min(width, xOf(view, left, width - left, gap.to));
  if (to <= left || from >= width) return;
  context.fillStyle = palette.bg;
  context.fillRect(left, y, width - left, rowHeight);
  context.fillStyle = palette.dim;
  for (let x = from; x < Math.max(to, from + 2); x += 5) context.fillRect(x, middle - 1, 2, 2);
}

/** drawWaits lays a span's shares of running and waiting over its bar, from its start: they are totals, not places. */
function drawWaits(
  context: CanvasRenderingContext2D,
  scene: Scene,
  row: number,
  x0: number,
  x1: number,
  y: number,
  width: number,
): void {
  const at = scene.waitRows.get(row);
  if (at === undefined || x1 - x0 < 6) return;
  let x = x0;
  for (const part of waitParts(scene.model.answer.waits, at)) {
    const next = x + part.share * (x1 - x0);
    const texture = textureOf(context, scene.palette, part.id);
    const from = Math.max(scene.nameWidth, x);
    const to = Math.min(width, next);
    if (texture !== null && to > from) {
      context.fillStyle = texture;
      context.fillRect(from, y + 7, to - from, 10);
    }
    x = next;
  }
}

function drawGrid(context: CanvasRenderingContext2D, scene: Scene, width: number, height: number): void {
  context.fillStyle = scene.palette.line;
  const left = scene.nameWidth;
  for (const tick of ticks(scene.view, width - left)) {
    context.fillRect(Math.round(xOf(scene.view, left, width - left, tick)), 0, 1, height);
  }
}

/** ticks gives round moments of a view, about one per 130 pixels. */
export function ticks(view: View, width: number): readonly number[] {
  const wanted = (view.to - view.from) / Math.max(1, width / 130);
  const power = 10 ** Math.floor(Math.log10(Math.max(1, wanted)));
  const size = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= wanted) ?? power * 10;
  const list: number[] = [];
  for (let at = Math.ceil(view.from / size) * size; at <= view.to && list.length < 100; at += size)
    list.push(at);
  return list;
}

function drawBar(
  context: CanvasRenderingContext2D,
  scene: Scene,
  row: number,
  y: number,
  width: number,
): void {
  const { model, view, palette, nameWidth, path } = scene;
  const left = nameWidth;
  const room = width - left;
  const begin = model.start[row] ?? 0;
  const length = model.length[row] ?? 0;
  const x0 = xOf(view, left, room, begin);
  const x1 = xOf(view, left, room, begin + length);
  const folded = scene.folded[row] === 1;
  context.font = smallFont;
  if (x1 < left || x0 > width) {
    // Outside the view: an arrow at the edge says on which side, so that no row is blank without a reason.
    context.fillStyle = palette.dim;
    context.fillText(x1 < left ? "◂" : "▸", x1 < left ? left + 4 : width - 14, y + rowHeight / 2);
    return;
  }
  const hue = serviceHue(serviceOf(model, row));
  const from = Math.max(left, x0);
  const to = Math.min(width, Math.max(x1, x0 + 2));
  const failed = model.failed[row] === 1;
  context.fillStyle = palette.hues[hue] ?? palette.accent;
  context.fillRect(from, y + 7, Math.max(2, to - from), 10);
  drawWaits(context, scene, row, x0, x1, y, width);
  if (failed) {
    context.fillStyle = palette.bad;
    context.fillRect(from, y + 4, Math.max(2, to - from), 3);
  }
  context.fillStyle = palette.text;
  for (let at = path.first[row] ?? 0; at < (path.first[row + 1] ?? 0); at++) {
    const a = Math.max(left, xOf(view, left, room, path.from[at] ?? 0));
    const b = Math.min(width, xOf(view, left, room, path.to[at] ?? 0));
    if (b > a) context.fillRect(a, y + 18, Math.max(1, b - a), 2);
  }
  for (const log of scene.logRows.get(row) ?? []) {
    const x = xOf(view, left, room, model.answer.logs.offset_ns[log] ?? 0);
    if (x < left || x > width) continue;
    const level = model.answer.logs.level[log] ?? "";
    context.fillStyle =
      level === "ERROR" || level === "FATAL" ? palette.bad : level === "WARN" ? palette.warn : palette.text;
    context.fillRect(x - 1, y + 5, 2, 14);
    context.fillRect(x - 2.5, y + 3, 5, 3);
  }
  let label = durationText(length);
  if (folded) label += ` · ${insideText(model, row)}`;
  const text = context.measureText(label).width;
  context.fillStyle = failed ? palette.bad : palette.dim;
  if (to + text + 8 < width) context.fillText(label, to + 5, y + rowHeight / 2 + 0.5);
  else if (from - text - 6 > left) context.fillText(label, from - text - 5, y + rowHeight / 2 + 0.5);
  else {
    const x = to - text - 6;
    context.fillStyle = palette.bg;
    context.fillRect(x - 3, y + 6, text + 6, 12);
    context.fillStyle = failed ? palette.bad : palette.text;
    context.fillText(label, x, y + rowHeight / 2 + 0.5);
  }
}

function drawName(context: CanvasRenderingContext2D, scene: Scene, row: number, y: number): void {
  const { model, palette } = scene;
  const depth = model.depth[row] ?? 0;
  let x = indentOf(depth);
  const middle = y + rowHeight / 2 + 0.5;
  context.fillStyle = palette.line;
  for (let level = 1; level <= Math.min(depth, deepest); level++)
    context.fillRect(indentOf(level) - 6, y, 1, rowHeight);
  context.font = smallFont;
  context.fillStyle = palette.dim;
  if (hasChildren(model, row)) context.fillText(scene.folded[row] === 1 ? "▸" : "▾", x, middle);
  x += 13;
  if (depth > deepest) {
    const text = `${depth}`;
    context.fillText(text, x, middle);
    x += context.measureText(text).width + 5;
  }
  const service = serviceOf(model, row);
  context.fillStyle = palette.hues[serviceHue(service)] ?? palette.accent;
  context.fillRect(x, y + 6, 3, 12);
  x += 8;
  const inside = scene.folded[row] === 1 ? (model.failures[row] ?? 0) : (model.failed[row] ?? 0);
  if (inside > 0) {
    context.font = boldFont;
    context.fillStyle = palette.bad;
    context.fillText("!", x, middle);
    x += 8;
  }
  const above = model.parent[row] ?? -1;
  const same = above >= 0 && model.service[above] === model.service[row];
  context.font = font;
  if (above === -2) {
    context.fillStyle = palette.warn;
    context.fillText("⌁", x, middle);
    x += 13;
  }
  context.fillStyle = palette.text;
  if (!same) {
    context.font = boldFont;
    const text = cell(service, 60);
    context.fillText(text, x, middle);
    x += context.measureText(text).width + 7;
    context.font = font;
  }
  context.fillStyle = same ? palette.text : palette.dim;
  context.fillText(cell(operationOf(model, row), 160), x, middle);
}
