import { type LoadedObject, type MapEntry, RingBufferReader } from "@go3s/bpf";
import { type Script, type ScriptEvent, type ScriptMap, type Shape, shapeBytes } from "@go3s/lang";
import { mapRows } from "./contents.js";
import { printfText } from "./printf.js";
import type { ScriptPrinter } from "./script-printer.js";
import type { Reader, Shown } from "./shown.js";
import { formatTime } from "./time-format.js";

/** Records gives a script's records to its printer, in the order in which the probes sent them. */
export interface Records {
  /** start looks by itself from now on. */
  start(): void;
  drain(): void;
  /** lost is how many records the ring buffer had no room for. */
  lost(): number;
  printMaps(): void;
  close(): void;
}

const printIndent = 8;

interface Reading {
  readonly script: Script;
  readonly object: LoadedObject;
  readonly reader: Reader;
  readonly printer: ScriptPrinter;
  /** note tells a person, beside the output. */
  readonly note: (text: string) => void;
}

function fieldsOf(reading: Reading, shapes: readonly Shape[], bytes: Uint8Array): Shown[] {
  let at = 8;
  return shapes.map((shape) => {
    const shown = reading.reader.read(shape, bytes, at, printIndent);
    at += shapeBytes(shape);
    return shown;
  });
}

function empty(object: LoadedObject, map: ScriptMap, keepKeys: boolean): void {
  const target = object.map(map.map);
  for (const { key } of [...target.entries()]) {
    if (keepKeys) target.update(key, new Uint8Array(target.valueBytes));
    else target.delete(key);
  }
}

function contents(reading: Reading, map: ScriptMap): readonly MapEntry[] {
  return [...reading.object.map(map.map).entries()];
}

function printMap(
  reading: Reading,
  map: ScriptMap,
  entries: readonly MapEntry[],
  top = 0,
  divisor = 1,
): void {
  reading.printer.map(map, mapRows(map, entries, reading.reader), top, divisor);
}

/** handle does what a record says; true when it was exit(). */
function handle(reading: Reading, event: ScriptEvent, bytes: Uint8Array): boolean {
  const { printer, script } = reading;
  const named = (name: string): ScriptMap | undefined => script.maps.find((map) => map.name === name);
  switch (event.kind) {
    case "printf":
      printer.text("printf", printfText(event.format, fieldsOf(reading, event.fields, bytes)));
      return false;
    case "join": {
      const words = fieldsOf(reading, event.fields, bytes).map((word) => word.text);
      printer.text("join", `${words.filter((word) => word !== "").join(event.separator)}\n`);
      return false;
    }
    case "time":
      printer.text("time", formatTime(event.format, BigInt(Date.now()) * 1_000_000n));
      return false;
    case "print-value":
      for (const shown of fieldsOf(reading, event.fields, bytes)) printer.value(shown);
      return false;
    case "print-map": {
      const map = named(event.map);
      if (map !== undefined) printMap(reading, map, contents(reading, map), event.top, event.divisor);
      return false;
    }
    case "clear":
    case "zero": {
      const map = named(event.map);
      if (map !== undefined) empty(reading.object, map, event.kind === "zero");
      return false;
    }
    case "endless":
      reading.note(
        `the loop at offset ${event.at.start} of the script was ended after ${event.rounds} rounds`,
      );
      return false;
    case "exit":
      return true;
  }
}

/** readRecords reads the ring buffer of a script. After exit() no record is told until `again` is called for END. */
export function readRecords(reading: Reading, exited: () => void): Records & { again(): void } {
  const { script, object, printer } = reading;
  let silent = false;
  let told = 0;
  const ring = new RingBufferReader(object.map(script.ring), (memory, offset, length) => {
    if (silent || length < 8) return;
    const event = script.events[Number(memory.view.getBigUint64(offset, true))];
    if (event === undefined) return;
    if (!handle(reading, event, memory.bytes.subarray(offset, offset + length))) return;
    silent = true;
    exited();
  });
  const lost = (): number => {
    const value = object.map(script.lost).lookup(new Uint8Array(4)) ?? new Uint8Array(0);
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    let total = 0;
    for (let at = 0; at + 8 <= value.length; at += 8) total += Number(view.getBigUint64(at, true));
    return total;
  };
  const tellLost = (): void => {
    const total = lost();
    if (total > told) printer.lost(total - told);
    told = total;
    if (total === 0 || silent || object.variable(script.leaving).getBigUint64(0, true) === 0n) return;
    silent = true;
    exited();
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    start() {
      ring.start();
      timer = setInterval(tellLost, 1000);
      timer.unref();
    },
    drain() {
      // One drain ends after a bufferful; what is left is read here, but not what never stops coming.
      for (let i = 0; i < 4 && ring.drain() > 0; i++);
      tellLost();
    },
    again() {
      silent = false;
    },
    lost,
    printMaps() {
      // Probes still run: all maps are read at one time, and only then are symbols looked up, which takes long.
      const maps = script.maps.toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const read = maps.map((map) => ({ map, entries: contents(reading, map) }));
      for (const { map, entries } of read) printMap(reading, map, entries);
    },
    close() {
      clearInterval(timer);
      ring.close();
    },
  };
}
