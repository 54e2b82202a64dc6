import type { Reporter } from "../source/diagnostics.js";
import type { Range } from "../source/file.js";
import type { KernelTypes } from "../types/kernel.js";
import type { CTypes } from "./c-types.js";
import type { ScriptConfig } from "./config.js";
import type { ScriptFacts } from "./facts.js";
import type {
  Aggregation,
  Clock,
  IntShape,
  LinearBuckets,
  ProbePlace,
  ScriptEvent,
  ScriptOption,
  Series,
  Shape,
} from "./script.js";
import type { FunctionArgument } from "./script-machine.js";
import type { Node, Statement } from "./tree.js";

/** ValueType is the type of an expression of a script. */
export type ValueType =
  | Shape
  | { readonly kind: "args" }
  | { readonly kind: "void" }
  | { readonly kind: "bad" };

/** Space is whose memory an address is in; the program's own counts as the kernel's. */
export type Space = "kernel" | "user";

/** Memory is where a struct or an array of C stands. */
export type Memory =
  /** At an address, a number in the program; every read is a probe read. */
  | { readonly kind: "address"; readonly code: string; readonly offset: number; readonly space: Space }
  /** In a place of the program: an array of bytes. `index` is a distance only known at run time. */
  | {
      readonly kind: "bytes";
      readonly place: string;
      readonly room: number;
      readonly offset: number;
      readonly index?: string;
    }
  /** An expression that the language itself knows the type of: a kernel type, relocated when it is loaded. */
  | { readonly kind: "typed"; readonly code: string; readonly space: Space };

/** Value is a compiled expression. Scalars are Go code of type int64 or uint64; what is larger is written into a place. */
export interface Value {
  readonly type: ValueType;
  readonly code: string;
  /** condition is the same as a Go bool, where it began as one. */
  readonly condition?: string;
  readonly constant?: bigint | string;
  /** clock that a time was read from. */
  readonly clock?: Clock;
  /** space of the memory that an address points into, where it is known. */
  readonly space?: Space;
  /** typed is a pointer as the language has it, where it is known to be a kernel type's. */
  readonly typed?: string;
  /** halves are the lower and the upper 32 bits of the word that `of` computes, which are stored one by one. */
  readonly halves?: { readonly of: string; readonly low: string; readonly high: string };
  readonly memory?: Memory;
  /** member gives a value of a tuple. */
  readonly member?: (index: number) => Value;
  /** into writes the value into a place of the program that is zero; tuples ask for the shape of the place. */
  readonly into?: (place: string, size: number, shape?: Shape) => void;
}

/** MapTable is what is known of a map; it grows while the script is walked until nothing changes. */
export interface MapEntry {
  readonly name: string;
  readonly go: string;
  readonly at: Range;
  keys: readonly Shape[] | undefined;
  value: Shape | undefined;
  aggregation: Aggregation | undefined;
  linear: LinearBuckets | undefined;
  bits: number;
  series: Series | undefined;
  /** signed: one of the values given to an aggregation was. */
  signed: boolean;
  /** kind and entries stand in the map's declaration: `let @a = lruhash(100)`. */
  kind: MapKind | undefined;
  entries: number | undefined;
  /** apart: the script does more with an aggregation without keys than to add to it (alone.ts). */
  apart?: boolean;
}

/** MapKind is how a map may be declared. */
export type MapKind = "hash" | "lruhash" | "percpuhash" | "percpulruhash" | "lrupercpuhash";

/** Unit is the program at hand. */
export interface Unit {
  readonly place: ProbePlace;
  /** name is the probe's full name, when all its places share it. */
  readonly name: string;
  readonly variables: Map<string, Shape>;
  /** format is the text of a tracepoint's format file. */
  readonly format: string | undefined;
  /** userArguments are the parameters of the probed function, by the DWARF of its program. */
  readonly userArguments?: () => readonly FunctionArgument[] | undefined;
  /** together: the shared value of aggregations was looked up; undefined where it must not be (alone.ts). */
  together?: boolean | undefined;
}

/** ScriptOptions are the facts a script is compiled with. */
export interface ScriptLimits {
  /** textBytes is what str() reads at most. */
  readonly textBytes: number;
  readonly mapEntries: number;
  readonly parameters: readonly string[];
  readonly config: ScriptConfig;
  /** unsafe allows what changes the machine. */
  readonly unsafe: boolean;
  /** tellsErrors: what probes cannot read or find is told (-k). */
  readonly tellsErrors: boolean;
  /** named are what was given for the script's own options: NAME or NAME=VALUE. */
  readonly named: readonly string[];
  readonly uprobeMulti: boolean;
  readonly facts: ScriptFacts;
}

/** State is shared by all of one walk over a script. */
export interface State {
  readonly report: Reporter;
  readonly kernel: KernelTypes;
  readonly limits: ScriptLimits;
  readonly maps: Map<string, MapEntry>;
  /** asked is what one place of the script needs another to do; it stays from walk to walk. */
  /** expansions are the calls of the macros that the node at hand comes from, the outermost first. */
  readonly expansions: Range[];
  readonly asked: {
    /** stackDepths: len() wants to know how deep stacks are. */
    stackDepths: boolean;
    /** options that getopt() reads, by their names. */
    readonly options: Map<string, ScriptOption>;
  };
  readonly events: ScriptEvent[];
  readonly declarations: string[];
  unit: Unit;
  /** declared are the unit's variables that were declared and have no type yet. */
  readonly declared: Set<string>;
  /** pairs are the variables of loops over maps: a key and a value that stay where they are. */
  readonly pairs: Map<string, Value>;
  /** fixed are the integer types that variables were declared with. */
  readonly fixed: Map<string, IntShape>;
  /** before are the unit's variables as the walk before found them. */
  before: ReadonlyMap<string, Shape>;
  /** types are what the script may name: its own types, C's, the kernel's. */
  types: CTypes;
  /** full has what is said of each map that may have no room. */
  readonly full: Map<string, string>;
  /** tuples are the names of the tuple types of the program, by their members. */
  readonly tuples: Map<string, string>;
  out: string[];
  counter: number;
  loops: number;
  /** depth is how many blocks are around the statement at hand. */
  depth: number;
  /** leave are the statements that end the program from here. */
  leave: readonly string[];
  usesStacks: boolean;
  /** exits: the script calls exit(), so that programs look whether it was called. */
  exits: boolean;
  /** effectOnly: the expression at hand is a statement, its value is not wanted. */
  effectOnly: boolean;
  /** evaluate joins the files that compile expressions, which recurse into each other. */
  readonly evaluate: (state: State, node: Node) => Value;
  /** statements compiles a block that stands where a value does. */
  readonly statements: (state: State, body: readonly Statement[]) => void;
  /** changed: a type became known or wider, so that the walk must be repeated. */
  changed: boolean;
}

/** bad stands for a value that was reported. */
export const bad: Value = { type: { kind: "bad" }, code: "int64(0)" };

/** emit adds a statement that stands for a stretch of the script. */
export function emit(state: State, at: Range, line: string): void {
  state.out.push(`${mark(at)}${line}`);
}

/** mark is read by source-map.ts: what follows comes from this stretch of the script. */
export function mark(at: Range): string {
  return `⟦${at.start},${at.end}⟧`;
}

/** fresh gives a name that no other temporary has. */
export function fresh(state: State, prefix: string): string {
  return `${prefix}${state.counter++}`;
}

/** captured runs a piece of the walk and gives the statements it emitted. */
export function captured<T>(state: State, work: () => T): { result: T; lines: string[] } {
  const outer = state.out;
  state.out = [];
  const result = work();
  const lines = state.out;
  state.out = outer;
  return { result, lines };
}
