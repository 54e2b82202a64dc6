import type { TraceAnswer, TraceWaits } from "@go3s/server";
import type { Palette } from "../../base/colour.js";

// What a goroutine did while its span lasted, as textures: colour is the service's already, and must not be the only sign.

/** WaitClass is one thing that a goroutine does or waits for, in the order that bars show it. */
export type WaitClass = Exclude<keyof TraceWaits, "span">;

/** waitClasses with the words for readers; `running` comes first, since it is what the rest keeps it from. */
export const waitClasses: readonly { readonly id: WaitClass; readonly words: string }[] = [
  { id: "running", words: "running" },
  { id: "runnable", words: "waits for a processor" },
  { id: "gc", words: "garbage collection" },
  { id: "lock", words: "waits for a lock" },
  { id: "channel", words: "waits on a channel" },
  { id: "network", words: "waits for the network" },
  { id: "syscall", words: "in a system call" },
  { id: "sleep", words: "sleeps" },
  { id: "other", words: "waits otherwise" },
];

/** waitsByRow gives the place of each row's waits in the answer's columns. */
export function waitsByRow(answer: TraceAnswer): ReadonlyMap<number, number> {
  return new Map(answer.waits.span.map((row, at) => [row, at]));
}

/** WaitPart is one class of a span's waits, with its share of what is known. */
export interface WaitPart {
  readonly id: WaitClass;
  readonly words: string;
  readonly ns: number;
  readonly share: number;
}

/** waitParts gives what a span's goroutine did, without what it did not do. */
export function waitParts(waits: TraceWaits, at: number): readonly WaitPart[] {
  const all = waitClasses.map(({ id, words }) => ({ id, words, ns: waits[id][at] ?? 0 }));
  const total = all.reduce((sum, part) => sum + part.ns, 0);
  return total === 0
    ? []
    : all.filter((part) => part.ns > 0).map((part) => ({ ...part, share: part.ns / total }));
}

const cell = 8;

/** strokes of a texture within a cell of 8 pixels: lines from x, y to x, y. Running is plain. */
const strokes: Readonly<Record<WaitClass, readonly (readonly [number, number, number, number])[]>> = {
  running: [],
  runnable: [
    [1, 2, 3, 2],
    [5, 6, 7, 6],
  ],
  gc: [
    [2, 0, 2, 8],
    [6, 0, 6, 8],
    [0, 4, 8, 4],
  ],
  lock: [
    [0, 8, 8, 0],
    [0, 0, 8, 8],
  ],
  channel: [
    [0, 2, 8, 2],
    [0, 6, 8, 6],
  ],
  network: [
    [-2, 2, 2, -2],
    [0, 8, 8, 0],
    [6, 10, 10, 6],
  ],
  syscall: [
    [2, 0, 2, 8],
    [6, 0, 6, 8],
  ],
  sleep: [[0, 4, 8, 4]],
  other: [
    [-2, 6, 2, 10],
    [0, 0, 8, 8],
    [6, -2, 10, 2],
  ],
};

const made = new Map<string, CanvasPattern | null>();

/** textureOf gives a class's texture, drawn in the background's colour over the service's hue; null for running. */
export function textureOf(
  context: CanvasRenderingContext2D,
  palette: Palette,
  id: WaitClass,
): CanvasPattern | null {
  if (id === "running") return null;
  const key = `${id} ${palette.bg}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const tile = document.createElement("canvas");
  tile.width = cell;
  tile.height = cell;
  const inside = tile.getContext("2d");
  if (inside !== null) {
    // Waits are lighter than work, whatever the hue.
    inside.globalAlpha = 0.45;
    inside.fillStyle = palette.bg;
    inside.fillRect(0, 0, cell, cell);
    inside.globalAlpha = 0.9;
    inside.strokeStyle = palette.text;
    inside.lineWidth = 1;
    for (const [x0, y0, x1, y1] of strokes[id]) {
      inside.beginPath();
      inside.moveTo(x0, y0);
      inside.lineTo(x1, y1);
      inside.stroke();
    }
  }
  const pattern = context.createPattern(tile, "repeat");
  made.set(key, pattern);
  return pattern;
}
