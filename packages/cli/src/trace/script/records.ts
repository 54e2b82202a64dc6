import { closeSync, openSync, readSync } from "node:fs";
import { type LoadedObject, type MapEntry, RingBufferReader } from "@go3s/bpf";
import {
  type Script,
  type ScriptEvent,
  type ScriptMap,
  type ScriptResult,
  type Shape,
  scriptContext,
  scriptPlace,
  shapeBytes,
} from "@go3s/lang";
import type { Clocks } from "./clocks.js";
import { newCommands } from "./commands.js";
import { emptyRows, mapRows } from "./contents.js";
import { errorText } from "./error-texts.js";
import { mapEntries } from "./map-entries.js";
import type { PacketFiles } from "./packet-files.js";
import { printfText } from "./printf.js";
import type { ScriptPrinter, Told } from "./script-printer.js";
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
  /** settled waits for the commands of system(), and for what was told behind them. */
  settled(interrupted: AbortSignal): Promise<void>;
  close(): void;
}

const printIndent = 8;

interface Reading {
  readonly script: Script;
  readonly object: LoadedObject;
  readonly reader: Reader;
  readonly printer: ScriptPrinter;
  /** files are the script's text, for the places of messages. */
  readonly files: ScriptResult["files"];
  /** note tells a person, beside the output. */
  readonly note: (text: string) => void;
  readonly warnings: boolean;
  readonly clocks: Clocks;
  readonly packets: PacketFiles;
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

function printMap(
  reading: Reading,
  map: ScriptMap,
  entries: readonly MapEntry[],
  top = 0,
  divisor = 1,
  isAsked = false,
): void {
  const rows = mapRows(map, entries, reading.reader);
  reading.printer.map(
    map,
    rows.length === 0 && isAsked ? emptyRows(map, reading.reader) : rows,
    top,
    divisor,
  );
}

/** toldAt is a place of the script as messages name it. */
function toldAt({ files }: Reading, at: { readonly start: number; readonly end: number }): Told {
  const place = scriptPlace(files, at);
  const [, file = "", line = "0", column = "0"] = /^(.*?):(\d+)(?::(\d+))?/.exec(place) ?? [];
  return { place, file, line: Number(line), column: Number(column), context: scriptContext(files, at) };
}

/** formatted tells a text that a format made, or the file of that name. */
function formatted(reading: Reading, event: ScriptEvent & { kind: "printf" }, text: string): void {
  const { printer, script } = reading;
  if (event.to === "printf") printer.text("printf", text);
  else if (event.to === "cat") {
    const found = readFile(text, script.config.maxCatBytes);
    if (typeof found === "string") reading.note(`ERROR: failed to open file '${text}' (${found})`);
    else printer.text("cat", found.toString("utf8"));
  } else if (event.to === "errorf" || (event.to === "warnf" && reading.warnings)) {
    const from = event.from.map((each) => toldAt(reading, each));
    printer.told(event.to, text, toldAt(reading, event.at), from);
  }
}

/** readFile gives a file's first bytes, or why it cannot be read, in C's words. */
function readFile(path: string, most: number): Buffer | string {
  try {
    const file = openSync(path, "r");
    try {
      const room = Buffer.alloc(most);
      let length = 0;
      // Files of /proc give what they have in pieces.
      for (let got = 1; got > 0 && length < most; length += got)
        got = readSync(file, room, length, most - length, null);
      return room.subarray(0, length);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const number: unknown = error instanceof Error ? Reflect.get(error, "errno") : undefined;
    return errorText(typeof number === "number" ? Math.abs(number) : 0);
  }
}

/** handle does what a record says; gives the exit code when it was exit(). */
function handle(reading: Reading, event: ScriptEvent, bytes: Uint8Array): number | undefined {
  const { printer, script } = reading;
  const named = (name: string): ScriptMap | undefined => script.maps.find((map) => map.name === name);
  switch (event.kind) {
    case "printf":
      formatted(reading, event, printfText(event.format, fieldsOf(reading, event.fields, bytes)));
      return undefined;
    case "join": {
      const words = fieldsOf(reading, event.fields, bytes).map((word) => word.text);
      printer.text("join", words.filter((word) => word !== "").join(event.separator));
      return undefined;
    }
    case "time":
      printer.text("time", formatTime(event.format, BigInt(Date.now()) * 1_000_000n));
      return undefined;
    case "print-value":
      for (const shown of fieldsOf(reading, event.fields, bytes)) printer.value(shown);
      return undefined;
    case "print-map": {
      const map = named(event.map);
      if (map !== undefined)
        printMap(reading, map, mapEntries(reading.object, map), event.top, event.divisor, true);
      return undefined;
    }
    case "clear":
    case "zero": {
      const map = named(event.map);
      if (map !== undefined) empty(reading.object, map, event.kind === "zero");
      return undefined;
    }
    case "endless":
      reading.note(
        `the loop at offset ${event.at.start} of the script was ended after ${event.rounds} rounds`,
      );
      return undefined;
    case "warning":
      if (reading.warnings) printer.warned(event.message, toldAt(reading, event.at));
      return undefined;
    case "helper-error": {
      const [code] = fieldsOf(reading, event.fields, bytes);
      const number = typeof code?.order === "bigint" ? Number(code.order) : 0;
      const error = { helper: event.helper, code: number, text: errorText(Math.abs(number)) };
      if (reading.warnings) printer.warned(event.message ?? error.text, toldAt(reading, event.at), error);
      return undefined;
    }
    case "packet": {
      const [time, length, content] = fieldsOf(reading, event.fields, bytes);
      const wall = reading.clocks.wall(typeof time?.order === "bigint" ? time.order : 0n, "boot");
      const packet = content?.bytes?.subarray(event.offset) ?? new Uint8Array(0);
      const whole = typeof length?.order === "bigint" ? Number(length.order) - event.offset : packet.length;
      if (packet.length > 0) reading.packets.write(event.file, wall, packet, whole);
      return undefined;
    }
    case "exit": {
      const [code] = fieldsOf(reading, event.fields, bytes);
      return typeof code?.order === "bigint" ? Number(BigInt.asUintN(8, code.order)) : 0;
    }
  }
}

/** readRecords reads the ring buffer of a script. After exit() no record is told until `again` is called for END. */
export function readRecords(reading: Reading, exited: (code: number) => void): Records & { again(): void } {
  const { script, object, printer } = reading;
  const commands = newCommands((text) => printer.text("syscall", text));
  const iterates = script.probes.some(({ places }) => places.some(({ kind }) => kind === "iter"));
  let silent = false;
  let told = 0;
  const ring = new RingBufferReader(object.map(script.ring), (memory, offset, length) => {
    if (silent || length < 8) return;
    const event = script.events[Number(memory.view.getBigUint64(offset, true))];
    if (event === undefined) return;
    const bytes = memory.bytes.subarray(offset, offset + length);
    if (event.kind === "exit") {
      // An iterator walks on: it is over when all was seen.
      silent = !iterates;
      exited(handle(reading, event, bytes) ?? 0);
    } else if (event.kind === "printf" && event.to === "system") {
      commands.run(printfText(event.format, fieldsOf(reading, event.fields, bytes)));
    } else if (commands.isBusy()) {
      const kept = bytes.slice();
      commands.behind(() => void handle(reading, event, kept));
    } else handle(reading, event, bytes);
  });
  const word = (variable: string, offset = 0): number =>
    Number(object.variable(variable).getBigUint64(offset, true));
  const lost = (): number => word(script.lost);
  const untold = new Set(script.warnings);
  const tellLost = (): void => {
    const total = lost();
    if (total > told) printer.lost(total - told);
    told = total;
    for (const warning of untold) {
      if (word(warning.variable, warning.offset) === 0) continue;
      untold.delete(warning);
      if (reading.warnings) reading.note(`WARNING: ${warning.message}`);
    }
    if (total === 0 || silent || object.variable(script.leaving).getBigUint64(0, true) === 0n) return;
    silent = true;
    exited(0);
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
    settled: (interrupted) => commands.settled(interrupted),
    printMaps() {
      // Probes still run: all maps are read at one time, and only then are symbols looked up, which takes long.
      const maps = script.maps.toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const read = maps.map((map) => ({ map, entries: mapEntries(reading.object, map) }));
      for (const { map, entries } of read) printMap(reading, map, entries);
    },
    close() {
      clearInterval(timer);
      ring.close();
    },
  };
}
