import { elfMachine } from "../elf/constants.js";
import { BinaryError } from "../errors.js";

/** UsdtArgument is one argument of a probe: how wide it is and where it is when the probe's instruction runs. */
export interface UsdtArgument {
  /** size in bytes: 1, 2, 4 or 8. */
  readonly size: number;
  readonly signed: boolean;
  /** float tells that the bits are a floating-point number (`8f@`). */
  readonly float: boolean;
  readonly place: UsdtPlace;
  /** text as it stands in the note. */
  readonly text: string;
}

/**
 * UsdtPlace is where the argument is. Registers have the name of the whole one: rax for %al, x3 for w3. A memory place is
 * base + index * scale + offset, or symbol + offset when the compiler named a variable (`counter(%rip)`).
 */
export type UsdtPlace =
  | { readonly kind: "constant"; readonly value: bigint }
  /** shift in bits: 8 for %ah and its like, else 0. */
  | { readonly kind: "register"; readonly register: string; readonly shift: number }
  | {
      readonly kind: "memory";
      readonly base: string | undefined;
      readonly offset: number;
      readonly index: string | undefined;
      readonly scale: number;
      readonly symbol: string | undefined;
    };

/** mostArguments is what sys/sdt.h allows. */
const mostArguments = 12;

function x86Register(name: string): { register: string; shift: number } | undefined {
  // r8 to r15 have the endings d, w, b for their lower parts.
  const numbered = /^r(8|9|1[0-5])[dwb]?$/.exec(name);
  if (numbered !== null) return { register: `r${numbered[1]}`, shift: 0 };
  const old = /^[re]?(ax|bx|cx|dx|si|di|bp|sp|ip)$/.exec(name);
  if (old !== null) return { register: `r${old[1]}`, shift: 0 };
  const byte = /^([abcd])([lh])$/.exec(name);
  if (byte !== null) return { register: `r${byte[1]}x`, shift: byte[2] === "h" ? 8 : 0 };
  const low = /^(si|di|bp|sp)l$/.exec(name);
  if (low !== null) return { register: `r${low[1]}`, shift: 0 };
  return /^xmm(\d|1[0-5])$/.test(name) ? { register: name, shift: 0 } : undefined;
}

function armRegister(name: string): string | undefined {
  if (name === "sp" || name === "wsp") return "sp";
  if (name === "fp") return "x29";
  if (name === "lr") return "x30";
  const numbered = /^[xw](\d|[12]\d|30)$/.exec(name);
  if (numbered !== null) return `x${numbered[1]}`;
  const vector = /^[vdsqbh](\d|[12]\d|3[01])$/.exec(name);
  return vector === null ? undefined : `v${vector[1]}`;
}

const memory = (
  base: string | undefined,
  offset: number,
  index?: string,
  scale = 1,
  symbol?: string,
): UsdtPlace => ({ kind: "memory", base, offset, index, scale, symbol });

const number = "[-+]?(?:0x[0-9a-f]+|\\d+)";
const x86Memory = new RegExp(
  `^(?:([A-Za-z_.$][\\w.$@]*))?(${number})?(?:([-+]${number}))?\\((%\\w+)?(?:,(%\\w+)(?:,([1248]))?)?\\)$`,
);

function x86Place(text: string): UsdtPlace | undefined {
  const constant = new RegExp(`^\\$(${number})$`).exec(text);
  if (constant !== null) return { kind: "constant", value: bigintOf(constant[1] ?? "") };
  if (text.startsWith("%")) {
    const found = x86Register(text.slice(1));
    return found === undefined ? undefined : { kind: "register", ...found };
  }
  const found = x86Memory.exec(text.replaceAll(" ", ""));
  if (found === null) {
    // A bare name is an absolute address in a program that is not position-independent.
    const name = new RegExp(`^([A-Za-z_.][\\w.$@]*)(${number})?$`).exec(text);
    return name === null ? undefined : memory(undefined, Number(name[2] ?? 0), undefined, 1, name[1]);
  }
  const [, symbol, first, second, base, index, scale] = found;
  const offset = Number(first ?? 0) + Number(second ?? 0);
  const baseName = base === undefined ? undefined : x86Register(base.slice(1))?.register;
  const indexName = index === undefined ? undefined : x86Register(index.slice(1))?.register;
  if ((base !== undefined && baseName === undefined) || (index !== undefined && indexName === undefined)) {
    return undefined;
  }
  return memory(baseName, offset, indexName, Number(scale ?? 1), symbol);
}

const armMemory = new RegExp(
  `^\\[\\s*(\\w+)\\s*(?:,\\s*(?:#?(${number})|([xw]\\d+)(?:\\s*,\\s*lsl\\s*#?([0-3]))?)\\s*)?\\]$`,
);

function armPlace(text: string): UsdtPlace | undefined {
  const constant = new RegExp(`^#?(${number})$`).exec(text);
  if (constant !== null) return { kind: "constant", value: bigintOf(constant[1] ?? "") };
  const found = armMemory.exec(text);
  if (found === null) {
    const register = armRegister(text);
    return register === undefined ? undefined : { kind: "register", register, shift: 0 };
  }
  const [, base, offset, index, shift] = found;
  const baseName = armRegister(base ?? "");
  const indexName = index === undefined ? undefined : armRegister(index);
  if (baseName === undefined || (index !== undefined && indexName === undefined)) return undefined;
  return memory(baseName, Number(offset ?? 0), indexName, 2 ** Number(shift ?? 0));
}

function bigintOf(text: string): bigint {
  // BigInt takes no sign before a hexadecimal number.
  const value = BigInt(text.replace(/^[-+]/, ""));
  return text.startsWith("-") ? -value : value;
}

/**
 * parseUsdtArguments reads a probe's argument specification (`-4@%edi 8@-8(%rbp) 4@$5`; arm64: `8@x0 -4@[sp, 12]`), in the
 * syntax of the machine, an elfMachine value. It says where the arguments are; fetching them is the probe's work. Throws
 * BinaryError "malformed" for text that is none of it, "unsupported-machine" for other machines.
 */
export function parseUsdtArguments(machine: number, specification: string): UsdtArgument[] {
  const place =
    machine === elfMachine.X86_64 ? x86Place : machine === elfMachine.AARCH64 ? armPlace : undefined;
  if (place === undefined) {
    throw new BinaryError("unsupported-machine", `USDT arguments of machine ${machine}`);
  }
  // An operand can hold spaces ([sp, 12]); the next argument begins with a size and an @.
  const texts = specification
    .trim()
    .split(/\s+(?=-?\d+f?@)/)
    .filter((text) => text !== "");
  if (texts.length > mostArguments) {
    throw new BinaryError(
      "malformed",
      `a USDT probe with ${texts.length} arguments, at most ${mostArguments} are possible`,
    );
  }
  return texts.map((text) => {
    const parts = /^(-?)([1248])(f?)@(.+)$/.exec(text);
    const found = parts === null ? undefined : place((parts[4] ?? "").trim());
    if (parts === null || found === undefined) {
      throw new BinaryError("malformed", `the USDT argument ${JSON.stringify(text)} is of an unknown form`);
    }
    return {
      size: Number(parts[2]),
      signed: parts[1] === "-",
      float: parts[3] === "f",
      place: found,
      text,
    };
  });
}
