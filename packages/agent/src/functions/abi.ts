import type { TypeDescription } from "@go3s/binary";
import { plainType } from "./types.js";

/** Place is where a value lies when a probe runs: in registers, by the value's own offsets, or in memory. */
export type Place =
  | {
      readonly kind: "registers";
      readonly words: ReadonlyMap<number, string>;
      /** spilled are the addresses of the words that lie on the stack meanwhile. */
      readonly spilled?: ReadonlyMap<number, string>;
    }
  /** address is an expression of the probe: `ctx.SP() + 8`. */
  | { readonly kind: "memory"; readonly address: string }
  | { readonly kind: "nowhere"; readonly why: string };

// Go's internal ABI on amd64 (src/cmd/compile/abi-internal.md): nine integer registers, fifteen for floats.
const integers = ["Rax", "Rbx", "Rcx", "Rdi", "Rsi", "R8", "R9", "R10", "R11"];
const floats = 15;

interface Used {
  integers: number;
  floats: number;
}

/** assignedWords gives each register a value's part; false when the registers do not suffice. */
function assign(type: TypeDescription, at: number, used: Used, words: Map<number, string>): boolean {
  const plain = plainType(type);
  const integer = (offset: number): boolean => {
    const name = integers[used.integers++];
    if (name !== undefined) words.set(offset, `ctx.${name}()`);
    return name !== undefined;
  };
  switch (plain.kind) {
    case "float":
      // complex128 is two.
      used.floats += plain.name.startsWith("complex") ? 2 : 1;
      return used.floats <= floats;
    case "go-string":
    case "go-interface":
      return integer(at) && integer(at + 8);
    case "go-slice":
      return integer(at) && integer(at + 8) && integer(at + 16);
    case "struct":
      return plain.members().every((member) => assign(member.type, at + member.offset, used, words));
    case "array": {
      const element = plain.target();
      if (plain.count === 0) return true;
      return plain.count === 1 && element !== undefined && assign(element, at, used, words);
    }
    case "unknown":
    case "void":
    case "union":
      return false;
    default:
      return integer(at);
  }
}

/** alignment of a Go type is that of its largest part, at most 8. */
function alignment(type: TypeDescription): number {
  const plain = plainType(type);
  if (plain.kind === "struct") {
    return Math.max(1, ...plain.members().map((member) => alignment(member.type)));
  }
  const element = plain.kind === "array" ? plain.target() : undefined;
  if (element !== undefined) return alignment(element);
  return Math.min(8, Math.max(1, plain.size ?? 8));
}

const up = (value: number, to: number): number => Math.ceil(value / to) * to;

/**
 * resultPlaces says where a Go function's results are when it returns (Go 1.17, amd64): in the registers in their order,
 * and what does not fit on the stack, behind the parameters that did not fit.
 */
export function resultPlaces(
  parameters: readonly TypeDescription[],
  results: readonly TypeDescription[],
): Place[] {
  let stack = 0;
  const place = (types: readonly TypeDescription[]): Place[] => {
    const used: Used = { integers: 0, floats: 0 };
    return types.map((type) => {
      const before = { ...used };
      const words = new Map<number, string>();
      if (assign(type, 0, used, words)) return { kind: "registers", words };
      Object.assign(used, before);
      const at = up(stack, alignment(type));
      stack = at + (type.size ?? 8);
      return { kind: "memory", address: `ctx.SP() + ${8 + at}` };
    });
  };
  place(parameters);
  stack = up(stack, 8);
  return place(results);
}
