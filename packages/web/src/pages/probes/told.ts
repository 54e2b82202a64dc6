import type { ProbeOutput } from "@go3s/server";

/** Line is one line of what a run told, numbered from its first. */
export interface Line {
  readonly at: number;
  readonly kind: "text" | "note";
  readonly text: string;
}

/** Told is what a run told so far: lines, events by their type, maps as they stand. */
export interface Told {
  readonly lines: readonly Line[];
  readonly events: ReadonlyMap<string, readonly ProbeEvent[]>;
  readonly maps: ReadonlyMap<string, ProbeMap>;
  readonly next: number;
}

/** ProbeEvent is a record of a ring buffer. */
export interface ProbeEvent {
  readonly at: number;
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}

/** ProbeMap is a map as it stands. */
export type ProbeMap = Extract<ProbeOutput, { readonly kind: "map" }>;

/** nothing is what a run has told before it told anything. */
export const nothing: Told = { lines: [], events: new Map(), maps: new Map(), next: 0 };

/** What a page keeps of a run: more than is read, less than a browser minds. */
const kept = 5_000;

/** heard adds what came. Text is cut into lines, and goes on with a line that had no end. */
export function heard(told: Told, items: readonly ProbeOutput[]): Told {
  const lines = [...told.lines];
  const events = new Map(told.events);
  const maps = new Map(told.maps);
  let next = told.next;
  for (const item of items) {
    if (item.kind === "map") maps.set(item.name, item);
    else if (item.kind === "event") {
      const list = [...(events.get(item.type) ?? []), { at: next++, fields: item.fields }];
      events.set(item.type, list.slice(-kept));
    } else if (item.kind === "note") lines.push({ at: next++, kind: "note", text: item.text });
    else {
      for (const text of item.text.replace(/\n$/, "").split("\n"))
        lines.push({ at: next++, kind: "text", text });
    }
  }
  return { lines: lines.length > kept ? lines.slice(-kept) : lines, events, maps, next };
}

/** boundText writes a bucket's bound as people read powers of two: 4K, 16M. */
export function boundText(value: number | null): string {
  if (value === null) return "";
  const size = Math.abs(value);
  for (const [unit, of] of [
    ["T", 2 ** 40],
    ["G", 2 ** 30],
    ["M", 2 ** 20],
    ["K", 2 ** 10],
  ] as const) {
    if (size >= of && size % of === 0) return `${value / of}${unit}`;
  }
  return String(value);
}
