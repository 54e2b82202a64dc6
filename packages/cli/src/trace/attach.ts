import { openElf, openGoBinary, readGoBuildInfo } from "@go3s/binary";
import {
  attachBySection,
  attachPerfEvent,
  attachUprobe,
  BpfError,
  type Link,
  type LoadedObject,
  PerfSoftware,
  PerfType,
} from "@go3s/bpf";

/** attachAll attaches every program of an object where its attribute says; on failure what was attached is let go. */
export function attachAll(object: LoadedObject, pid: number | undefined): Link[] {
  const links: Link[] = [];
  try {
    for (const name of object.programs.keys()) links.push(attachOne(object, name, pid));
    return links;
  } catch (error) {
    for (const link of links) link.close();
    throw error;
  }
}

/** attachOne attaches a program where its section says: uprobes by file and symbol, perf events 99 times a second. */
export function attachOne(object: LoadedObject, name: string, pid: number | undefined): Link {
  const spec = object.spec.programs.get(name);
  const section = spec?.section ?? "";
  const uprobe = /^u(ret)?probe(?:\.multi)?\/(.+)$/.exec(section);
  if (uprobe !== null) {
    const { path, symbol } = splitTarget(uprobe[2] ?? "", section);
    const offset = uprobeOffset(path, symbol);
    return attachUprobe(object.program(name), {
      path,
      offset,
      atReturn: uprobe[1] !== undefined,
      ...(pid === undefined ? {} : { pid }),
    });
  }
  if (section.startsWith("perf_event")) {
    // Without a rate in the attribute: 99 a second on each CPU, off the beat of anything that runs at 100.
    return attachPerfEvent(object.program(name), {
      type: PerfType.SOFTWARE,
      config: PerfSoftware.CPU_CLOCK,
      frequency: 99,
      ...(pid === undefined ? {} : { pid }),
    });
  }
  return attachBySection(object, name);
}

/** splitTarget takes "/usr/bin/x:main.run" apart at the last colon before the symbol; Go names hold slashes and dots. */
function splitTarget(target: string, section: string): { path: string; symbol: string } {
  const cut = target.indexOf(":");
  const path = target.slice(0, cut);
  if (cut < 1)
    throw new BpfError("bad-argument", `section "${section}" names no file and symbol`, {
      hint: "write // @uprobe:/path/to/program:symbol",
    });
  return { path: path.startsWith("/") ? path : `/${path}`, symbol: target.slice(cut + 1) };
}

/** uprobeOffset finds where a symbol's probe costs least: past the prologue in Go programs, at the entry in others. */
function uprobeOffset(path: string, symbol: string): number {
  using elf = openElf(path);
  if (readGoBuildInfo(elf) !== undefined) {
    using binary = openGoBinary(path);
    const found = binary.functions.find(symbol);
    if (found !== undefined) return binary.probeAddress(found).fileOffset;
  }
  for (const table of [elf.symbols(), elf.dynamicSymbols()]) {
    const found = table?.find(symbol);
    const offset = found === undefined ? undefined : elf.addressToOffset(found.value);
    if (offset !== undefined) return offset;
  }
  throw new BpfError("not-found", `${path} has no function "${symbol}"`, {
    hint: "the name must be exact; `nm` or `go tool nm` lists them",
  });
}
