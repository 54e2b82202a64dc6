import { readdirSync } from "node:fs";
import { BtfKind, kernelBtf, tracefs } from "@go3s/bpf";
import type { MachineNames } from "@go3s/lang";

const kinds: ReadonlySet<number> = new Set([
  BtfKind.STRUCT,
  BtfKind.UNION,
  BtfKind.ENUM,
  BtfKind.TYPEDEF,
  BtfKind.ENUM64,
]);

// An editor asks again when the word grows; more than this nobody reads.
const mostTypes = 500;

/** machineNames are this machine's tracepoints and kernel types, read when they are first asked for. */
export function machineNames(): MachineNames {
  let tracepoints: readonly string[] | undefined;
  let types: readonly string[] | undefined;
  return {
    tracepoints() {
      tracepoints ??= readTracepoints();
      return tracepoints;
    },
    kernelTypes(prefix) {
      types ??= readTypes();
      return types.filter((each) => each.startsWith(prefix)).slice(0, mostTypes);
    },
  };
}

/** readTracepoints lists GROUP:NAME of all tracepoints; none where tracefs is not to be read. */
function readTracepoints(): string[] {
  try {
    const root = `${tracefs()}/events`;
    return readdirSync(root, { withFileTypes: true })
      .filter((group) => group.isDirectory())
      .flatMap((group) =>
        readdirSync(`${root}/${group.name}`, { withFileTypes: true })
          .filter((each) => each.isDirectory())
          .map((each) => `${group.name}:${each.name}`),
      );
  } catch {
    return [];
  }
}

function readTypes(): string[] {
  try {
    const btf = kernelBtf();
    const names = new Set<string>();
    for (let id = btf.firstId; id < btf.endId; id++) if (kinds.has(btf.kind(id))) names.add(btf.name(id));
    names.delete("");
    return [...names].sort();
  } catch {
    return [];
  }
}
