import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BtfKind, kernelBtf, tracefs } from "@go3s/bpf";

function folders(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

/** tracepointNames gives all tracepoints as GROUP:NAME. */
export function tracepointNames(): string[] {
  const events = `${tracefs()}/events`;
  return folders(events).flatMap((group) => folders(join(events, group)).map((name) => `${group}:${name}`));
}

/** tracepointFormatOf reads a tracepoint's `format` file; undefined when it is not there. */
export function tracepointFormatOf(group: string, name: string): string | undefined {
  try {
    return readFileSync(`${tracefs()}/events/${group}/${name}/format`, "utf8");
  } catch {
    return undefined;
  }
}

let raw: readonly string[] | undefined;

/** rawTracepointNames are those of the kernel's BTF: `btf_trace_NAME`, include/trace/bpf_probe.h. */
export function rawTracepointNames(): readonly string[] | undefined {
  try {
    const btf = kernelBtf();
    raw ??= btf
      .findByText("btf_trace_")
      .filter((id) => btf.kind(id) === BtfKind.TYPEDEF && btf.name(id).startsWith("btf_trace_"))
      .map((id) => btf.name(id).slice("btf_trace_".length))
      .sort();
    return raw;
  } catch {
    return undefined;
  }
}

const held = new Map<string, readonly string[]>();

/**
 * kernelFunctionNames gives the kernel's functions as MODULE:NAME. `traceable` is a file with the names that may be probed
 * (--traceable-functions); without it they are those of /proc/kallsyms, for the list of the kernel takes seconds to read.
 */
export function kernelFunctionNames(traceable: string | undefined): readonly string[] | undefined {
  const path = traceable ?? "/proc/kallsyms";
  const known = held.get(path);
  if (known !== undefined) return known;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  const names = new Set<string>();
  for (const line of text.split("\n")) {
    // kallsyms: address, type, name, [module]; other lists: name, [module].
    const match =
      traceable === undefined
        ? /^\S+ [tTwW] (\S+)(?:\s+\[(\w+)\])?$/.exec(line)
        : /^(\S+)(?:\s+\[(\w+)\])?$/.exec(line);
    if (match?.[1] === undefined || isHidden(match[1])) continue;
    names.add(`${match[2] ?? "vmlinux"}:${match[1]}`);
  }
  const found = [...names];
  held.set(path, found);
  return found;
}

/** isHidden leaves out what no probe is for: labels of assembly, parts that the compiler split off, the probing itself. */
function isHidden(name: string): boolean {
  return /^(?:__ftrace_invalid_address__|rcu_|__pfx_|__SCT__|__kstrtab|\.L)|^_(?:s|e)?(?:text|inittext)$/.test(
    name,
  );
}

/** Names that are looked up one by one; a list of all of them takes as long as 30. */
const fewNames = 16;
const known = new Map<string, boolean>();

/**
 * isRawTracepoint tells whether a tracepoint is one of the kernel's own. Events that somebody made of probes, synthetic
 * ones and ftrace's are not, though they may be called like one.
 */
export function isRawTracepoint(group: string, name: string): boolean {
  const key = `${group}:${name}`;
  let is = known.get(key);
  if (is === undefined) {
    const isMade = group === "synthetic" || group === "ftrace" || group === "eprobes";
    is = !isMade && hasRawTracepoint(name) && tracepointFormatOf(group, name)?.includes("__probe_") === false;
    known.set(key, is);
  }
  return is;
}

function hasRawTracepoint(name: string): boolean {
  try {
    if (known.size < fewNames) return kernelBtf().hasText(`btf_trace_${name}`);
    return rawTracepointNames()?.includes(name) === true;
  } catch {
    return false;
  }
}
