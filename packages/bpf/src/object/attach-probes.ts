import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BpfError } from "../errors.js";
import { PerfSoftware, PerfType } from "../kernel/perf.js";
import { attachKprobe } from "../link/kprobe.js";
import { attachKprobeMulti } from "../link/kprobe-multi.js";
import type { Link } from "../link/link.js";
import { attachPerfEvent } from "../link/perf-event.js";
import { findFile, functionOffsets, isGoProgram, isPattern, matcher, symbolOffset } from "../link/symbol.js";
import { tracefs } from "../link/tracefs.js";
import { attachTracepoint } from "../link/tracepoint.js";
import { attachUprobe } from "../link/uprobe.js";
import { attachUprobeMulti } from "../link/uprobe-multi.js";
import { attachUsdt } from "../link/usdt.js";
import { AttachType } from "../uapi/attach-types.js";
import { incomplete, type SectionOptions } from "./attach-options.js";
import { usdtArguments } from "./attach-usdt.js";
import type { LoadedObject } from "./loaded.js";
import type { ProgramSpec } from "./spec.js";

/** Off the beat of anything that runs 100 times a second. */
const USUAL_FREQUENCY = 99;

function withCookie(options: SectionOptions): { cookie?: bigint } {
  return options.cookie === undefined ? {} : { cookie: options.cookie };
}

/** attachTracepointSection attaches `tp/GROUP/NAME`. */
export function attachTracepointSection(
  object: LoadedObject,
  spec: ProgramSpec,
  options: SectionOptions,
): Link {
  const [group = "", name = ""] = spec.target.split("/");
  if (group === "" || name === "") return incomplete(spec, "write the section as tracepoint/GROUP/NAME");
  return attachTracepoint(object.program(spec.name), { group, name, ...withCookie(options) });
}

/** attachPerfSection attaches `perf_event`. */
export function attachPerfSection(object: LoadedObject, spec: ProgramSpec, options: SectionOptions): Link {
  const usual = { type: PerfType.SOFTWARE, config: PerfSoftware.CPU_CLOCK, frequency: USUAL_FREQUENCY };
  const where = options.pid === undefined ? {} : { pid: options.pid };
  return attachPerfEvent(
    object.program(spec.name),
    options.perfEvent ?? { ...usual, ...where, ...withCookie(options) },
  );
}

function kernelFunctions(pattern: string): string[] {
  if (!isPattern(pattern)) return [pattern];
  const path = join(tracefs(), "available_filter_functions");
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch (cause) {
    throw new BpfError(
      "not-supported",
      `cannot tell which functions fit "${pattern}": ${path} cannot be read`,
      {
        hint: "name the functions one by one: attachKprobeMulti",
        cause,
      },
    );
  }
  const fits = matcher(pattern);
  // A function of a module has its name behind: `name [module]`.
  const names = new Set(text.split("\n").map((line) => line.split(/\s/, 1)[0] ?? ""));
  return [...names].filter((name) => name !== "" && fits(name));
}

function attachKernelProbe(
  object: LoadedObject,
  spec: ProgramSpec,
  kind: string,
  options: SectionOptions,
): Link {
  const program = object.program(spec.name);
  const target = options.symbol ?? spec.target;
  if (target === "") return incomplete(spec, "write the section as kprobe/FUNCTION, or give options.symbol");
  const atReturn = kind.startsWith("kret");
  if (kind.endsWith(".multi") || kind.endsWith(".session")) {
    const symbols = kernelFunctions(target);
    if (symbols.length === 0) throw new BpfError("not-found", `no function of the kernel fits "${target}"`);
    return attachKprobeMulti(program, { symbols, atReturn, session: kind.endsWith(".session") });
  }
  if (kind.endsWith("syscall")) {
    const prefix = process.arch === "arm64" ? "__arm64_sys_" : "__x64_sys_";
    return attachKprobe(program, { symbol: `${prefix}${target}`, atReturn, ...withCookie(options) });
  }
  const [, symbol = target, offset] = /^(.+?)(?:\+(0x[0-9a-f]+|\d+))?$/i.exec(target) ?? [];
  const place = offset === undefined ? {} : { offset: Number(offset) };
  return attachKprobe(program, { symbol, ...place, atReturn, ...withCookie(options) });
}

/** A target is PATH:SYMBOL; Go's names have slashes and dots, and USDT's a colon of their own. */
function fileAndSymbol(spec: ProgramSpec, options: SectionOptions): { path: string; symbol: string } {
  const cut = spec.target.indexOf(":");
  const path = options.path ?? (cut < 0 ? spec.target : spec.target.slice(0, cut));
  const symbol = options.symbol ?? (cut < 0 ? "" : spec.target.slice(cut + 1));
  if (path !== "" && symbol !== "") return { path: findFile(path), symbol };
  return incomplete(spec, "write the section as KIND/PATH:SYMBOL, or give options.path and options.symbol");
}

function attachUserProbe(
  object: LoadedObject,
  spec: ProgramSpec,
  kind: string,
  options: SectionOptions,
): Link {
  const program = object.program(spec.name);
  const { path, symbol } = fileAndSymbol(spec, options);
  const who = options.pid === undefined ? {} : { pid: options.pid };
  const atReturn = kind.startsWith("uret");
  if ((atReturn || kind.includes(".session")) && isGoProgram(path)) {
    // The kernel puts its own address on the stack, and Go moves stacks and reads the addresses on them.
    throw new BpfError("bad-argument", `return probes would break ${path}, a Go program`, {
      hint: "probe the return instructions instead: openGoBinary().returnAddresses() of @go3s/binary, attachUprobeMulti",
    });
  }
  if (program.image.attachType === AttachType.BPF_TRACE_UPROBE_MULTI || kind.includes(".session")) {
    const offsets = functionOffsets(path, symbol);
    const { cookie } = options;
    const cookies = cookie === undefined ? {} : { cookies: offsets.map(() => cookie) };
    const session = kind.includes(".session");
    return attachUprobeMulti(program, { path, offsets, ...cookies, ...who, atReturn, session });
  }
  const [, name = symbol, plus] = /^(.+?)(?:\+(0x[0-9a-f]+|\d+))?$/i.exec(symbol) ?? [];
  const offset = symbolOffset(path, name) + Number(plus ?? 0);
  return attachUprobe(program, { path, offset, ...who, atReturn, ...withCookie(options) });
}

function attachUsdtSection(object: LoadedObject, spec: ProgramSpec, options: SectionOptions): Link {
  // The file can be left out of the section and looked for in the process: usdt with options.pid and symbol.
  const isOpen = spec.target === "" && options.path === undefined && options.pid !== undefined;
  const { path, symbol } = isOpen
    ? { path: undefined, symbol: options.symbol ?? "" }
    : fileAndSymbol(spec, options);
  const [provider = "", name = ""] = symbol.split(":");
  if (provider === "" || name === "") return incomplete(spec, "write the section as usdt/PATH:PROVIDER:NAME");
  const list = usdtArguments(object);
  return attachUsdt(object.program(spec.name), {
    ...(path !== undefined && { path }),
    provider,
    name,
    ...(options.pid !== undefined && { pid: options.pid }),
    ...(list !== undefined && { arguments: list }),
    ...withCookie(options),
  });
}

/** attachProbeSection attaches programs of type KPROBE, whose section says at what kind of place. */
export function attachProbeSection(object: LoadedObject, spec: ProgramSpec, options: SectionOptions): Link {
  const kind = spec.section.replace(/^\?/, "").split("/", 1)[0] ?? "";
  if (/^k(ret)?(probe|syscall)/.test(kind)) return attachKernelProbe(object, spec, kind, options);
  if (kind.startsWith("usdt")) return attachUsdtSection(object, spec, options);
  return attachUserProbe(object, spec, kind, options);
}
