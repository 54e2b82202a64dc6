import type { ProbeOutput } from "@go3s/server";

/** Outbox gathers what a probe tells and sends it on ten times a second, at most so much of it. */
export interface Outbox {
  add(item: ProbeOutput): void;
  flush(): void;
  close(): void;
}

const everyMs = 100;
/** More than a screenful at a time is read by nobody; a probe may tell a million lines a second. */
const mostItems = 400;
const mostTextBytes = 200_000;

/** openOutbox sends by `send`; what is too much is counted. A map takes the place of what it told before. */
export function openOutbox(send: (items: readonly ProbeOutput[], leftOut: number) => void): Outbox {
  let items: ProbeOutput[] = [];
  let maps = new Map<string, ProbeOutput>();
  let leftOut = 0;
  let bytes = 0;
  const flush = (): void => {
    if (items.length === 0 && maps.size === 0 && leftOut === 0) return;
    send([...items, ...maps.values()], leftOut);
    items = [];
    maps = new Map();
    leftOut = 0;
    bytes = 0;
  };
  const timer = setInterval(flush, everyMs);
  return {
    add(item) {
      if (item.kind === "map") {
        maps.set(item.name, item);
        return;
      }
      const last = items.at(-1);
      if (item.kind === "text") bytes += item.text.length;
      // printf without a line's end goes on with the line.
      if (item.kind === "text" && last?.kind === "text" && !last.text.endsWith("\n")) {
        items[items.length - 1] = { kind: "text", text: last.text + item.text };
        return;
      }
      if (items.length >= mostItems || bytes > mostTextBytes) leftOut++;
      else items.push(item);
    },
    flush,
    close() {
      clearInterval(timer);
      flush();
    },
  };
}
