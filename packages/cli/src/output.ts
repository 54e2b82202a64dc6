import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { environment } from "./environment.js";
import type { Failure } from "./failure.js";

/** Output is where a command's words go: results to stdout, everything else to stderr. */
export interface Output {
  readonly json: boolean;
  /** columns is the terminal's width, undefined in a pipe. */
  readonly columns: number | undefined;
  /** line prints one line of the result. */
  line(text: string): void;
  /** value prints one JSON value as a line. */
  value(value: unknown): void;
  /** bytes passes result bytes on unchanged; resolves when they are taken. */
  bytes(chunk: Uint8Array): Promise<void>;
  /** note tells a person what happens; on stderr. */
  note(text: string): void;
  /** failure prints an error with what to do, as --json wants it when that is on. */
  failure(failure: Failure): void;
  paint: Paint;
}

/** Paint colours a text on a terminal and returns it as it is elsewhere. */
export type Paint = Readonly<
  Record<"bold" | "dim" | "red" | "green" | "yellow" | "cyan", (text: string) => string>
>;

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

function paintFor(isTerminal: boolean): Paint {
  const on = isTerminal && !environment.noColour && !environment.dumbTerminal;
  const with_ = (code: number) => (text: string) => (on ? `\x1b[${code}m${text}\x1b[0m` : text);
  return {
    bold: with_(codes.bold),
    dim: with_(codes.dim),
    red: with_(codes.red),
    green: with_(codes.green),
    yellow: with_(codes.yellow),
    cyan: with_(codes.cyan),
  };
}

/** JSON has no 64-bit integers: what passes 2^53 goes out as a decimal string. */
function jsonSafe(_key: string, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value.toString();
}

/**
 * tell writes to stderr without process.stderr: that makes the pipe non-blocking also for those who share it, and the next
 * program of a pipeline then fails with EAGAIN.
 */
function tell(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // Another process made it non-blocking and it is full: Node's stream waits.
    process.stderr.write(text);
  }
}

/** stdoutDrained resolves when stdout takes more; who does not wait for it must not add a listener for every chunk. */
function stdoutDrained(): Promise<void> {
  drained ??= new Promise((resolve) => {
    process.stdout.once("drain", () => {
      drained = undefined;
      resolve();
    });
  });
  return drained;
}
let drained: Promise<void> | undefined;

/** openOutput makes the process's own output. */
export function openOutput(json: boolean): Output {
  const paint = paintFor(process.stdout.isTTY === true);
  const paintNote = paintFor(isatty(2));
  return {
    json,
    paint,
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    line: (text) => void process.stdout.write(`${text}\n`),
    value: (value) => void process.stdout.write(`${JSON.stringify(value, jsonSafe)}\n`),
    bytes: async (chunk) => {
      if (!process.stdout.write(chunk)) await stdoutDrained();
    },
    note: (text) => tell(`${text}\n`),
    failure(failure) {
      if (json) {
        const { code, message, hint, explanation } = failure;
        const error = { code, message, ...(hint ? { hint } : {}), ...(explanation ? { explanation } : {}) };
        tell(`${JSON.stringify({ error }, jsonSafe)}\n`);
        return;
      }
      tell(`${paintNote.red("error:")} ${failure.message}\n`);
      if (failure.report) tell(`${failure.report}\n`);
      else if (failure.hint) tell(`${paintNote.dim("what to do:")} ${failure.hint}\n`);
    },
  };
}
