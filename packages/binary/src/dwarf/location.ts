import { elfMachine } from "../elf/constants.js";

/**
 * Term is a number that a probe can compute: base plus path[0]; for every further element, the 8 bytes at what was
 * reached are read and the element is added. So `{ base: { kind: "register", register: 7 }, path: [16, 8] }` is *(rsp + 16) + 8.
 */
export interface Term {
  readonly base: TermBase;
  readonly path: readonly number[];
}

/**
 * TermBase is where a Term begins: nothing, a register by its DWARF number (at the function's entry when `entry` says
 * so), the canonical frame address (the stack pointer before the call), or a place in the file's own addresses, to which a
 * position-independent program's load address is added.
 */
export type TermBase =
  | { readonly kind: "none" }
  | { readonly kind: "register"; readonly register: number; readonly entry?: true }
  | { readonly kind: "frame" }
  | { readonly kind: "image" };

/** Location says where a variable's value is at one address of the code. */
export type Location =
  | { readonly kind: "register"; readonly register: number; readonly name: string }
  | { readonly kind: "memory"; readonly address: Term }
  /** The variable is nowhere, but its value is what the term computes. */
  | { readonly kind: "value"; readonly value: Term }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** The variable's parts lie in different places: a Go string in two registers. */
  | { readonly kind: "pieces"; readonly pieces: readonly LocationPiece[] }
  /** The compiler kept no trace of it here. */
  | { readonly kind: "gone" }
  | { readonly kind: "unsupported"; readonly reason: string };

/** LocationPiece is the next size bytes of a variable; offset counts from its start. */
export interface LocationPiece {
  readonly offset: number;
  readonly size: number;
  readonly location: Location;
}

// System V ABI, AMD64 supplement, figure 3.36: DWARF register numbers.
const x86Names = [
  ..."rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip".split(" "),
  ...Array.from({ length: 16 }, (_, i) => `xmm${i}`),
];

/** registerName names a DWARF register number: x86-64's and arm64's (DWARF for the Arm 64-bit Architecture, 4.1). */
export function registerName(machine: number, register: number): string {
  if (machine === elfMachine.X86_64) return x86Names[register] ?? `register ${register}`;
  if (machine === elfMachine.AARCH64) {
    if (register < 31) return `x${register}`;
    if (register === 31) return "sp";
    if (register >= 64 && register < 96) return `v${register - 64}`;
  }
  return `register ${register}`;
}

function termText(machine: number, term: Term): string {
  const { base } = term;
  let text = { none: "", frame: "cfa", image: "image", register: "" }[base.kind];
  if (base.kind === "register") text = `${registerName(machine, base.register)}${base.entry ? "@entry" : ""}`;
  for (const [i, step] of term.path.entries()) {
    if (i > 0) text = `*(${text})`;
    if (text === "") text = `${step}`;
    else if (step !== 0) text += step < 0 ? ` - ${-step}` : ` + ${step}`;
  }
  return text;
}

/** locationText writes a location for people: `rax`, `*(cfa - 24)`, `rax:8 rbx:8`. */
export function locationText(machine: number, location: Location): string {
  switch (location.kind) {
    case "register":
      return location.name;
    case "memory":
      return `*(${termText(machine, location.address)})`;
    case "value":
      return termText(machine, location.value);
    case "bytes":
      return `0x${Buffer.from(location.bytes).toString("hex")}`;
    case "pieces":
      return location.pieces.map((row) => `${locationText(machine, row.location)}:${row.size}`).join(" ");
    case "gone":
      return "gone";
    case "unsupported":
      return `unsupported: ${location.reason}`;
  }
}

/** withFrame puts what the frame address is at one instruction, register + offset, in the place of the frame address. */
export function withFrame(location: Location, rule: { register: number; offset: number }): Location {
  const replace = (term: Term): Term => {
    if (term.base.kind !== "frame") return term;
    const [first = 0, ...rest] = term.path;
    return { base: { kind: "register", register: rule.register }, path: [first + rule.offset, ...rest] };
  };
  switch (location.kind) {
    case "memory":
      return { kind: "memory", address: replace(location.address) };
    case "value":
      return { kind: "value", value: replace(location.value) };
    case "pieces": {
      const pieces = location.pieces.map((row) => ({ ...row, location: withFrame(row.location, rule) }));
      return { kind: "pieces", pieces };
    }
    default:
      return location;
  }
}
