import type { Point } from "./attach-point.js";
import type { Expansion } from "./kernel-places.js";
import { glob, isGlob } from "./pattern.js";
import type { ProbePlace } from "./script.js";
import type { FoundFile, ScriptMachine, UsdtSite } from "./script-machine.js";
import type { Fail } from "./timed-places.js";

type UprobeKind = "uprobe" | "uretprobe";

function filesOf(machine: ScriptMachine, name: string): readonly FoundFile[] {
  return machine.findFiles === undefined ? [{ path: name, shown: name }] : machine.findFiles(name);
}

/** functionsOf gives the symbols of a file that a pattern fits, for `cpp:` by their readable names. */
function functionsOf(
  machine: ScriptMachine,
  path: string,
  wanted: string,
  isCpp: boolean,
): readonly string[] {
  if (isCpp) {
    const pattern = glob(wanted);
    const found = machine.demangled?.(path) ?? [];
    return found.filter(({ names }) => names.some((name) => pattern.test(name))).map(({ symbol }) => symbol);
  }
  if (!isGlob(wanted)) return machine.findFunction?.(path, wanted) === undefined ? [] : [wanted];
  const pattern = glob(wanted);
  return (machine.symbols?.(path) ?? []).filter((each) => pattern.test(each));
}

/** uprobePlaces are uprobe:PROGRAM:FUNCTION[+OFFSET], uprobe:PROGRAM:ADDRESS and uprobe:PROGRAM@FILE:LINE. */
export function uprobePlaces(kind: UprobeKind, point: Point, machine: ScriptMachine, fail: Fail): Expansion {
  const [program, ...rest] = point.parts;
  const byLine = program === undefined ? null : /^(.+)@([^@]+)$/.exec(program.text);
  if (byLine !== null && rest.length > 0 && /^\d+$/.test(rest[0]?.text ?? ""))
    return linePlaces(
      kind,
      [byLine[1] ?? "", byLine[2] ?? ""],
      rest.map((part) => part.text),
      machine,
      fail,
    );
  const isCpp = rest.length > 1 && rest[0]?.text === "cpp" && !rest[0].quoted;
  const parts = isCpp ? rest.slice(1) : rest;
  const written = parts.map((part) => part.text).join(":");
  if (program === undefined || program.text === "" || written === "")
    return { places: fail(`write it as ${kind}:PROGRAM:FUNCTION`, `e.g. ${kind}:/bin/bash:readline`) };
  const files = filesOf(machine, program.text);
  const patterned = isGlob(program.text) || (machine.pid !== undefined && /^\**$/.test(program.text));
  if (files.length === 0 && !patterned)
    return {
      places: fail(
        `${kind} target file '${program.text}' does not exist or is not executable`,
        "give its whole path, or a name that is in PATH or among the libraries",
      ),
    };
  const isQuoted = parts[0]?.quoted === true;
  const tail = isQuoted ? (parts[0]?.tail ?? "") : "";
  if (!isQuoted && /^(?:0x[0-9a-fA-F]+|\d+)$/.test(written))
    return { places: files.flatMap((file) => addressPlace(kind, file, Number(written), machine, fail)) };
  const match = isQuoted
    ? [written, written, /^\+(0x[0-9a-fA-F]+|\d+)$/.exec(tail)?.[1]]
    : (/^(.+?)(?:\+(0x[0-9a-fA-F]+|\d+))?$/.exec(written) ?? [written, written]);
  const symbol = match[1] ?? written;
  const offset = Number(match[2] ?? 0);
  if (offset !== 0 && kind === "uretprobe") return { places: fail("Offset not allowed for uretprobes") };
  const places = files.flatMap((file) =>
    machine.findFunction === undefined && !isGlob(symbol) && !isCpp
      ? [uprobePlace(kind, file, symbol, offset)]
      : functionsOf(machine, file.path, symbol, isCpp).flatMap((each) =>
          isWithin(file, each, offset, machine, fail, patterned || isGlob(symbol))
            ? [uprobePlace(kind, file, each, offset)]
            : [],
        ),
  );
  return places.length === 0 && !patterned && !isGlob(symbol) && !isRefused(files, symbol, machine)
    ? { places, missing: `${kind} ${program.text}:${symbol}` }
    : { places };
}

const uprobePlace = (kind: UprobeKind, file: FoundFile, symbol: string, offset: number): ProbePlace => ({
  kind,
  path: file.path,
  symbol,
  offset,
  title: `${kind}:${file.shown}:${symbol}${offset === 0 ? "" : `+${offset}`}`,
});

/** isRefused tells that the function is there, and that it was already said why it is not taken. */
function isRefused(files: readonly FoundFile[], symbol: string, machine: ScriptMachine): boolean {
  return files.some((file) => machine.findFunction?.(file.path, symbol) !== undefined);
}

/** isWithin keeps probes inside of their functions: an instruction of another one, or half of one, ends the program. */
function isWithin(
  file: FoundFile,
  symbol: string,
  offset: number,
  machine: ScriptMachine,
  fail: Fail,
  quiet: boolean,
): boolean {
  const found = machine.findFunction?.(file.path, symbol);
  if (found === undefined || machine.unsafe === true) return true;
  if (found.size === 0) {
    if (!quiet)
      fail(
        `Could not determine boundary for ${symbol} (symbol has size 0).`,
        "Use --unsafe to force attachment. WARNING: This option could lead to data corruption in the target process.",
        "unattachable",
      );
    return false;
  }
  if (offset < found.size) return true;
  if (!quiet)
    fail(
      `Offset outside the function bounds ('${symbol}' size is ${found.size})`,
      "an offset counts from the function's first byte",
      "unattachable",
    );
  return false;
}

function addressPlace(
  kind: UprobeKind,
  file: FoundFile,
  address: number,
  machine: ScriptMachine,
  fail: Fail,
): ProbePlace[] {
  const found = machine.findAddress?.(file.path, address);
  const shown = `0x${address.toString(16)}`;
  const title = `${kind}:${file.shown}:${shown}`;
  if (found?.symbol === undefined && machine.unsafe !== true)
    return fail(
      `Could not resolve address: ${file.shown}:${shown}`,
      "it is in no function of this file; --unsafe probes it all the same",
      "unattachable",
    );
  const fileOffset = found?.offset ?? address;
  return [{ kind, path: file.path, symbol: found?.symbol ?? shown, offset: 0, fileOffset, title }];
}

function linePlaces(
  kind: UprobeKind,
  [program, source]: readonly [string, string],
  [line = "", ...more]: readonly string[],
  machine: ScriptMachine,
  fail: Fail,
): Expansion {
  if (kind === "uretprobe") return { places: fail("a line has no return", "probe the function's name") };
  const places = filesOf(machine, program).flatMap((file) =>
    (machine.lineAddresses?.(file.path, source, Number(line)) ?? []).map(
      ({ offset, symbol }): ProbePlace => ({
        kind,
        path: file.path,
        symbol: symbol ?? "",
        offset: 0,
        fileOffset: offset,
        title: `${kind}:${file.shown}@${source}:${[line, ...more].join(":")}`,
      }),
    ),
  );
  if (places.length === 0)
    return {
      places: fail(`No code of ${program} is from ${source}:${line}`, "it needs DWARF debug information"),
    };
  return { places };
}

/** usdtPlaces are usdt:PROGRAM:NAME and usdt:PROGRAM:PROVIDER:NAME; with -p the program may be left out. */
export function usdtPlaces(point: Point, machine: ScriptMachine, fail: Fail): Expansion {
  const texts = point.parts.map((part) => part.text);
  let [program = "", provider = "*", name = ""] = texts;
  if (texts.length === 2) [program = "", name = ""] = texts;
  if (texts.length === 2) provider = "*";
  if (texts.length === 1) [provider, name] = ["*", program === "" ? "*" : program];
  if (texts.length === 1) program = "*";
  if (provider === "") provider = "*";
  if (texts.length > 3 || name === "")
    return { places: fail("write it as usdt:PROGRAM:PROVIDER:NAME", "e.g. usdt:/usr/bin/app:app:request") };
  const everywhere = program === "" || /^\*+$/.test(program);
  if (program === "" && machine.pid === undefined)
    return { places: fail("usdt probes need a program, or -p PID", "usdt:PROGRAM:PROVIDER:NAME") };
  const files = filesOf(machine, everywhere ? "*" : program);
  if (files.length === 0 && !isGlob(program) && !everywhere)
    return { places: fail(`usdt target file ${program} does not exist or is not executable`) };
  const [providers, names] = [glob(provider), glob(name)];
  const places = files.flatMap((file) => {
    const fits = (site: UsdtSite): boolean =>
      (provider === site.provider || providers.test(site.provider)) &&
      (name === site.name || names.test(site.name));
    const groups = new Map<string, UsdtSite[]>();
    for (const site of machine.usdt?.(file.path) ?? []) {
      if (!fits(site)) continue;
      const key = `${site.provider}:${site.name}`;
      groups.set(key, [...(groups.get(key) ?? []), site]);
    }
    return [...groups.values()].map((sites) => usdtPlace(file, sites));
  });
  const patterned =
    everywhere || isGlob(program) || isGlob(name) || (texts.length === 3 && isGlob(texts[1] ?? ""));
  return places.length === 0 && !patterned ? { places, missing: `usdt ${texts.join(":")}` } : { places };
}

/** layoutOf tells argument lists apart. */
const layoutOf = (site: UsdtSite): string =>
  `${site.arguments.map((each) => each.text).join(" ")} ${Object.values(site.variables).join(" ")}`;

function usdtPlace(file: FoundFile, sites: readonly UsdtSite[]): ProbePlace {
  const layouts = new Map(sites.map((site) => [layoutOf(site), site]));
  const keys = [...layouts.keys()];
  const [{ provider, name } = { provider: "", name: "" }] = sites;
  return {
    kind: "usdt",
    path: file.path,
    provider,
    name,
    sites: sites.map((site) => ({
      offset: site.offset,
      refCounter: site.refCounter,
      cookie: keys.indexOf(layoutOf(site)),
    })),
    layouts: [...layouts.values()].map((site) => ({ arguments: site.arguments, variables: site.variables })),
    title: `usdt:${file.shown}:${provider}:${name}`,
  };
}

/** watchpointPlaces are watchpoint:ADDRESS:LENGTH:MODE. */
export function watchpointPlaces(
  kind: "watchpoint" | "asyncwatchpoint",
  point: Point,
  fail: Fail,
): Expansion {
  const [address = "", length = "", mode = "", ...more] = point.parts.map((part) => part.text);
  if (more.length > 0 || mode === "")
    return { places: fail(`write it as ${kind}:ADDRESS:LENGTH:MODE`, `e.g. ${kind}:0x10000000:8:rw`) };
  if (!/^(?:0x[0-9a-fA-F]+|\d+)$/.test(address))
    return {
      places: fail(
        `${kind} needs an address, not ${address}`,
        "functions and their arguments were taken up to bpftrace 0.22 only: probe the function and read the address there",
      ),
    };
  if (!["1", "2", "4", "8"].includes(length)) return { places: fail("Length must be one of (1, 2, 4, 8)") };
  const sorted = [...mode].sort().join("");
  if (!/^[rwx]+$/.test(mode) || new Set(mode).size !== mode.length)
    return { places: fail("watchpoint mode must be combination of (r,w,x)") };
  if (sorted.includes("x") && sorted !== "x") return { places: fail(`Invalid watchpoint mode: ${mode}`) };
  // Execution is watched at one place; the kernel wants sizeof(long) there.
  return { places: [{ kind, address: BigInt(address), length: Number(length), mode }] };
}
