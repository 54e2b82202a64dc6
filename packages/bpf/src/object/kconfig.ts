import { readFileSync } from "node:fs";
import { callHelper, exit } from "../asm/flow.js";
import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { kernelConfig, knowsConfig } from "../features/row.js";
import { kernelIsAtLeast, kernelRelease } from "../kernel/version.js";
import { loadProgram } from "../program/load.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { ProgramType } from "../uapi/program-types.js";
import type { VariableSpec } from "./spec.js";

/** Values of enum libbpf_tristate, by the letters of a kernel's configuration. */
const TRISTATE: ReadonlyMap<string, number> = new Map([
  ["n", 0],
  ["y", 1],
  ["m", 2],
]);

// KERNEL_VERSION(a, b, c) of linux/version.h; the last part stops at 255.
function kernelVersion(): number {
  // Ubuntu's own release numbers hide the third part, which stands here.
  let text = kernelRelease().text;
  try {
    text = readFileSync("/proc/version_signature", "utf8").trim().split(" ").at(-1) ?? text;
  } catch {
    // No other distribution has the file.
  }
  const [, major = "0", minor = "0", patch = "0"] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  return Number(major) * 65536 + Number(minor) * 256 + Math.min(Number(patch), 255);
}

// Whether links take a number that bpf_get_attach_cookie gives back (5.15).
function hasCookie(): boolean {
  try {
    const instructions = [callHelper(HelperFunction.get_attach_cookie), exit()];
    const type = ProgramType.BPF_PROG_TYPE_TRACEPOINT;
    loadProgram({ name: "cookie", type, license: "GPL", instructions }).close();
    return true;
  } catch (error) {
    if (error instanceof BpfError) return false;
    throw error;
  }
}

// System calls have a function of their own that takes struct pt_regs, on x86-64 from 4.17 and arm64 from 4.19.
function hasSyscallWrapper(): boolean {
  if (knowsConfig()) return kernelConfig("CONFIG_ARCH_HAS_SYSCALL_WRAPPER") === "y";
  return process.arch === "x64" ? kernelIsAtLeast(4, 17) : kernelIsAtLeast(4, 19);
}

const FACTS: ReadonlyMap<string, () => number> = new Map<string, () => number>([
  ["LINUX_KERNEL_VERSION", kernelVersion],
  ["LINUX_HAS_BPF_COOKIE", () => Number(hasCookie())],
  ["LINUX_HAS_SYSCALL_WRAPPER", () => Number(hasSyscallWrapper())],
]);

function refuse(variable: VariableSpec, text: string, why: string): never {
  throw new BpfError(
    "relocation-failed",
    `${variable.name} is ${text} in this kernel's configuration, ${why}`,
    {
      hint: "declare it with the type of its value, or give its value in options.constants",
    },
  );
}

function encodeNumber(variable: VariableSpec, value: bigint, text: string, signed: boolean): Uint8Array {
  const bits = BigInt(variable.size * 8);
  const [low, high] = signed ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
  if (variable.size > 8 || value < low || value > high) {
    return refuse(variable, text, `which does not fit into ${variable.size} bytes`);
  }
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return bytes.subarray(0, variable.size);
}

function encodeLetter(variable: VariableSpec, text: string, btf: Btf): Uint8Array {
  const type = btf.type(btf.resolve(variable.type));
  if (type.kind === "int" && type.size === 1 && type.encoding !== "bool") {
    return Uint8Array.of(text.charCodeAt(0));
  }
  if (type.kind === "int" && type.encoding === "bool") {
    if (text === "m") return refuse(variable, text, "which is neither true nor false");
    return Uint8Array.of(text === "y" ? 1 : 0);
  }
  if (!("values" in type)) return refuse(variable, text, "not a number");
  return encodeNumber(variable, BigInt(TRISTATE.get(text) ?? 0), text, type.signed ?? false);
}

function encodeText(variable: VariableSpec, text: string, btf: Btf): Uint8Array {
  const type = btf.type(btf.resolve(variable.type));
  if (type.kind !== "array" || btf.sizeOf(type.type) !== 1) return refuse(variable, text, "a text");
  const value = new TextEncoder().encode(text.slice(1, -1).replace(/\\(.)/g, "$1"));
  const bytes = new Uint8Array(variable.size);
  // What does not fit is cut; the last byte stays NUL, as in libbpf, unless it is the only one.
  bytes.set(value.subarray(0, Math.max(1, variable.size - 1)).subarray(0, variable.size));
  return bytes;
}

/**
 * encodeConfig gives the bytes of a configuration value as a `.config` file spells it (`y`, `m`, `250`,
 * `0x10`, `"text"`) for a variable of an object's `.kconfig`. Throws BpfError `relocation-failed` when the
 * variable's type does not take it.
 */
export function encodeConfig(variable: VariableSpec, text: string, btf: Btf): Uint8Array {
  if (TRISTATE.has(text)) return encodeLetter(variable, text, btf);
  if (/^".*"$/.test(text)) return encodeText(variable, text, btf);
  if (!/^-?(0x[0-9a-fA-F]+|\d+)$/.test(text)) return refuse(variable, text, "which is no kind of value");
  const type = btf.type(btf.resolve(variable.type));
  if (type.kind !== "int") return refuse(variable, text, "a number");
  const value = text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
  if (type.encoding === "bool" && value > 1n)
    return refuse(variable, text, "which is neither true nor false");
  return encodeNumber(variable, value, text, type.encoding === "signed");
}

/**
 * fillConfig writes the running kernel's configuration values into the contents of `.kconfig`, except for
 * those in `given`. Throws BpfError `relocation-failed` for a strong one that the kernel does not tell.
 */
export function fillConfig(
  contents: Uint8Array,
  variables: Iterable<VariableSpec>,
  btf: Btf,
  given: ReadonlySet<string>,
): void {
  for (const variable of variables) {
    const { name, config, offset } = variable;
    if (config === undefined || given.has(name)) continue;
    const fact = FACTS.get(name);
    const text = fact === undefined ? kernelConfig(name) : undefined;
    if (fact !== undefined) {
      contents.set(encodeNumber(variable, BigInt(fact()), "a fact", false), offset);
    } else if (text !== undefined) {
      contents.set(encodeConfig(variable, text, btf), offset);
    } else if (config === "strong") {
      // An option that is off is not in the file at all; only weak ones may be so.
      throw new BpfError("relocation-failed", `the object needs ${name}, which this kernel does not tell`, {
        hint: knowsConfig()
          ? "the option is off or unknown here: declare it weak, or give its value in options.constants"
          : "neither /proc/config.gz nor /boot/config-RELEASE can be read: give its value in options.constants",
      });
    }
  }
}
