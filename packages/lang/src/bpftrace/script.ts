import type { UsdtArgument } from "@go3s/binary";
import type { Range } from "../source/file.js";
import { type ArrayType, type StructType, sizeOf, type Type } from "../types/type.js";
import type { ScriptConfig, StackMode } from "./config.js";
import { isWord, type LateShape } from "./late.js";

/** Shape says what a value in a map or an event is, and how it is shown. */
export type Shape =
  | IntShape
  | { readonly kind: "bool" }
  /** size is a multiple of 8; length what the text itself takes. cut: a text of so many bytes was cut there, and is shown as cut. */
  | { readonly kind: "text"; readonly size: number; readonly length?: number; readonly cut?: number }
  /** A pointer: what it points to, in whose memory; own is a value of the program itself. */
  | {
      readonly kind: "pointer";
      readonly target: Type;
      readonly space?: "kernel" | "user";
      readonly own?: Shape;
    }
  /** Structs and arrays of C are kept as they stand in memory, filled up to whole words. */
  | { readonly kind: "record"; readonly target: StructType }
  | { readonly kind: "array"; readonly target: ArrayType }
  | { readonly kind: "tuple"; readonly members: readonly TupleMember[] }
  /** Stacks are the number of a stack trace; user stacks have the process in the upper half, and `from` is where they begin. */
  | {
      readonly kind: "kstack" | "ustack";
      readonly limit: number;
      readonly mode: StackMode;
      readonly from?: { readonly path: string; readonly symbol: string; readonly offset: number };
    }
  | { readonly kind: "ksym" }
  /** A user address: the address, then the process. */
  | { readonly kind: "usym" }
  | { readonly kind: "strftime"; readonly format: string; readonly clock: Clock }
  | LateShape;

/** IntShape is an integer: 8 bytes wherever it is kept, whatever its own width. */
export interface IntShape {
  readonly kind: "int";
  readonly signed: boolean;
  /** bits of its type, 64 when left out. */
  readonly bits?: 8 | 16 | 32 | 64;
  /** free: it came from a literal, which takes the sign of what it meets. */
  readonly free?: boolean;
  /** names of an enum's values. */
  readonly names?: ReadonlyMap<bigint, string>;
}

/** TupleMember is a value of a tuple; those of a record have names. */
export interface TupleMember {
  readonly name?: string;
  readonly type: Shape;
}

/** Clock is one of the kernel's: monotonic stands still while the machine sleeps, boot does not, tai is the world's. */
export type Clock = "monotonic" | "boot" | "tai";

/** Aggregation is what a map does with the values it is given. */
export type Aggregation = "count" | "sum" | "avg" | "min" | "max" | "stats" | "hist" | "lhist" | "tseries";

/** LinearBuckets are lhist()'s numbers. */
export interface LinearBuckets {
  readonly low: bigint;
  readonly high: bigint;
  readonly step: bigint;
}

/** Series are tseries()' numbers: the last `count` intervals of `interval` nanoseconds, and what is kept of each. */
export interface Series {
  readonly interval: bigint;
  readonly count: bigint;
  readonly reduce: "last" | "avg" | "max" | "min" | "sum";
}

/** ScriptMap is one map of a script and how its bytes read: keys one behind the other, each a multiple of 8 bytes. */
export interface ScriptMap {
  /** name with its @. */
  readonly name: string;
  /** map is its name in the object. */
  readonly map: string;
  /** offset is where it stands in the value of that map, an array with one, when it shares it with others: two words. */
  readonly offset?: number;
  /** isArray: a histogram's buckets are an array of all that there may be. */
  readonly isArray?: boolean;
  readonly keys: readonly Shape[];
  readonly value: Shape;
  readonly aggregation: Aggregation | undefined;
  /** signed: the values given to the aggregation. */
  readonly signed: boolean;
  readonly linear: LinearBuckets | undefined;
  /** bits of hist(): every power of two is cut into 2^bits buckets. */
  readonly bits: number;
  readonly series: Series | undefined;
  readonly entries: number;
}

/** FormatPiece is plain text or one conversion of a printf format. */
export type FormatPiece =
  | { readonly kind: "plain"; readonly text: string }
  | {
      readonly kind: "conversion";
      readonly flags: string;
      readonly width: number | undefined;
      readonly precision: number | undefined;
      /** bits that are looked at: hh is 8, h 16, l and its kin 64, nothing 32, as in C. */
      readonly bits: 8 | 16 | 32 | 64;
      readonly letter: "d" | "u" | "x" | "X" | "o" | "c" | "p" | "s" | "r" | "rx" | "rh" | "gr";
    };

/** PrintfKind is what becomes of a text made by a format: told, a file's name, or a command. */
export type PrintfKind = "printf" | "errorf" | "warnf" | "cat" | "system";

/** ScriptEvent is one kind of record in the ring buffer: a word with its index in the list, then its fields. */
export type ScriptEvent =
  | {
      readonly kind: "printf";
      readonly to: PrintfKind;
      readonly format: readonly FormatPiece[];
      readonly fields: readonly Shape[];
      readonly at: Range;
      /** from are the calls of the macros that it stands in, the innermost first. */
      readonly from: readonly Range[];
    }
  | { readonly kind: "print-map"; readonly map: string; readonly top: number; readonly divisor: number }
  | { readonly kind: "print-value"; readonly fields: readonly Shape[] }
  | { readonly kind: "clear" | "zero"; readonly map: string }
  | { readonly kind: "time"; readonly format: string }
  | { readonly kind: "join"; readonly separator: string; readonly fields: readonly Shape[] }
  /** A loop was ended after so many rounds. */
  | { readonly kind: "endless"; readonly at: Range; readonly rounds: number }
  /** Something that only showed when the script ran. */
  | { readonly kind: "warning"; readonly at: Range; readonly message: string }
  /** A packet for a file: when it was seen, how long it is, its bytes; so many at its start are left out. */
  | {
      readonly kind: "packet";
      readonly file: string;
      readonly offset: number;
      readonly fields: readonly Shape[];
    }
  /** What the kernel refused a probe; fields: its answer. `message` stands for what that means. */
  | {
      readonly kind: "helper-error";
      readonly at: Range;
      readonly helper: string;
      readonly message?: string;
      readonly fields: readonly Shape[];
    }
  /** fields: the exit code, when one was given. */
  | { readonly kind: "exit"; readonly fields: readonly Shape[] };

/** UsdtPlace is one instruction of a USDT probe; its cookie tells the program which of the argument lists is meant. */
export interface UsdtPlace {
  readonly offset: number;
  readonly refCounter: number;
  readonly cookie: number;
}

/** UsdtLayout says where the arguments of a USDT probe are. */
export interface UsdtLayout {
  readonly arguments: readonly UsdtArgument[];
  /** variables are the addresses of what arguments name, relative to the probe's instruction. */
  readonly variables: Readonly<Record<string, number>>;
}

/** ProbePlace is where a program of a script is attached. `title` is its name where that is not made of the rest. */
export type ProbePlace = { readonly title?: string } & (
  | { readonly kind: "begin" | "end" }
  /** Run when the tracing process gets the signal. */
  | { readonly kind: "self"; readonly signal: string }
  /** Run by --mode test and --mode bench only. */
  | { readonly kind: "test" | "bench"; readonly name: string }
  /** raw: the program is a raw tracepoint's, for it asks nothing of its context (raw-places.ts). */
  | { readonly kind: "tracepoint"; readonly group: string; readonly name: string; readonly raw?: true }
  | { readonly kind: "rawtracepoint"; readonly name: string }
  | {
      readonly kind: "kprobe" | "kretprobe";
      readonly name: string;
      readonly offset?: number;
      readonly address?: bigint;
    }
  | { readonly kind: "fentry" | "fexit"; readonly name: string; readonly module: string | undefined }
  /** iterators walk the kernel's objects once. */
  | { readonly kind: "iter"; readonly name: string }
  | {
      readonly kind: "uprobe" | "uretprobe";
      readonly path: string;
      readonly symbol: string;
      readonly offset: number;
      /** fileOffset is where the instruction stands, when the probe names an address or a line. */
      readonly fileOffset?: number;
    }
  | {
      readonly kind: "usdt";
      readonly path: string;
      readonly provider: string;
      readonly name: string;
      readonly sites: readonly UsdtPlace[];
      /** layouts by cookie. */
      readonly layouts: readonly UsdtLayout[];
    }
  /** A hardware breakpoint at an address, or at what an argument of a function points to. */
  | {
      readonly kind: "watchpoint" | "asyncwatchpoint";
      readonly address: bigint;
      readonly length: number;
      readonly mode: string;
    }
  /** Once in `period` nanoseconds, on one processor. */
  | { readonly kind: "interval"; readonly period: number }
  /** On every processor: so many times a second, or once in `period` nanoseconds. */
  | { readonly kind: "profile"; readonly frequency: number | undefined; readonly period: number | undefined }
  | { readonly kind: "software" | "hardware"; readonly event: string; readonly period: number }
);

/** ScriptProbe is one program and all places it goes to. */
export interface ScriptProbe {
  readonly program: string;
  readonly places: readonly ProbePlace[];
  /** at is where the first of its attach points stands in the script. */
  readonly at: Range;
}

/** ScriptOption is an option that the script reads by getopt(). */
export interface ScriptOption {
  readonly name: string;
  readonly type: "bool" | "int" | "text";
  readonly description: string;
}

/** Script is what must be known of a compiled script to run it. */
export interface Script {
  readonly probes: readonly ScriptProbe[];
  readonly maps: readonly ScriptMap[];
  readonly events: readonly ScriptEvent[];
  /** ring and lost name the ring buffer and the variable that counts the records it had no room for. */
  readonly ring: string;
  readonly lost: string;
  /** warnings name words in variables that are not 0 once there is something to say. */
  readonly warnings: readonly {
    readonly variable: string;
    readonly offset: number;
    readonly message: string;
  }[];
  /** leaving names the variable that exit() sets to 1, for its record may be among the lost. */
  readonly leaving: string;
  readonly config: ScriptConfig;
  readonly options: readonly ScriptOption[];
  /** stacks names the stack trace map, when the script takes stacks. */
  readonly stacks: string | undefined;
}

/** shapeBytes is what a value takes in keys, values and events. */
export function shapeBytes(shape: Shape): number {
  switch (shape.kind) {
    case "text":
    case "late":
      return shape.size;
    case "usym":
      return 16;
    case "record":
    case "array":
      return Math.max(8, Math.ceil(sizeOf(shape.target) / 8) * 8);
    case "tuple":
      return Math.max(
        8,
        shape.members.reduce((total, { type }) => total + shapeBytes(type), 0),
      );
    default:
      return 8;
  }
}

/** isPlaced tells that a value is kept in a place and copied from there; others are words. */
export function isPlaced(shape: Shape): boolean {
  return shape.kind === "text" || shape.kind === "usym" || (shape.kind === "late" && !isWord(shape));
}
