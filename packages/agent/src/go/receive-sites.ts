import { decodeInstruction, type GoBinary, type GoFunction, resultSite } from "@go3s/binary";

/** Receive numbers the ways to receive from a channel, as probes/receives.go3s does. */
export const Receive = { value: 0, checked: 1, selected: 2, tried: 3 } as const;

/** receives are the functions of Go's runtime that compilers make of them. */
const receives: readonly (readonly [name: string, how: number])[] = [
  ["runtime.chanrecv1", Receive.value],
  ["runtime.chanrecv2", Receive.checked],
  ["runtime.selectgo", Receive.selected],
  ["runtime.selectnbrecv", Receive.tried],
];

/** ReceiveSite is a place in a program's own code that receives from some channel. */
export interface ReceiveSite {
  readonly how: number;
  /** call and behind are file offsets: where it asks, and where it has got something. */
  readonly call: number;
  readonly behind: number;
}

/** packageOf is the package of a function, by its name. */
export function packageOf(name: string): string {
  const generic = name.indexOf("[");
  const plain = generic < 0 ? name : name.slice(0, generic);
  return plain.slice(0, plain.indexOf(".", plain.lastIndexOf("/") + 1));
}

/**
 * receiveSites finds where packages receive from channels that use another one: by calls of its functions, or because one of its own
 * functions has a name that `isHandler` knows.
 */
export function receiveSites(
  binary: GoBinary,
  used: string,
  isHandler: (name: string) => boolean,
): readonly ReceiveSite[] {
  const { functions } = binary;
  const ways = new Map<number, number>();
  for (const [name, how] of receives) {
    const found = functions.find(name);
    if (found !== undefined) ways.set(found.entry, how);
  }
  const packages = new Set<string>();
  const entries = new Set<number>();
  for (let i = 0; i < functions.count; i++) {
    const name = functions.name(i);
    if (name.startsWith(`${used}.`)) entries.add(functions.at(i).entry);
    else if (isHandler(name)) packages.add(packageOf(name));
  }
  const receiving = new Map<number, GoFunction>();
  for (const { from, to } of directCalls(binary)) {
    const isReceive = ways.has(to);
    if (!isReceive && !entries.has(to)) continue;
    const caller = functions.containing(from);
    if (caller === undefined) continue;
    if (isReceive) receiving.set(caller.index, caller);
    else packages.add(packageOf(caller.name));
  }
  packages.delete(used);
  return [...receiving.values()]
    .filter(({ name }) => packages.has(packageOf(name)))
    .flatMap((caller) => sitesIn(binary, caller, ways));
}

const chunk = 1 << 22;
const callLength = 5;

/** directCalls gives what looks like a direct call in a program's code; some are bytes of other instructions. */
function* directCalls(binary: GoBinary): Generator<{ readonly from: number; readonly to: number }> {
  const { functions, elf } = binary;
  const begin = functions.at(0).entry;
  const end = functions.at(functions.count - 1).end;
  for (let base = begin; base < end; base += chunk) {
    const { data } = elf.readAddress(base, Math.min(chunk + callLength - 1, end - base));
    const code = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const last = Math.min(chunk, code.length - callLength + 1);
    for (let at = code.indexOf(0xe8); at >= 0 && at < last; at = code.indexOf(0xe8, at + 1))
      yield { from: base + at, to: base + at + callLength + code.readInt32LE(at + 1) };
  }
}

function sitesIn(binary: GoBinary, caller: GoFunction, ways: ReadonlyMap<number, number>): ReceiveSite[] {
  const sites: ReceiveSite[] = [];
  const code = binary.code(caller);
  const { machine } = binary.elf;
  for (let at = 0; at < code.length; ) {
    const instruction = decodeInstruction(machine, code, at);
    // A wrong step could end inside of an instruction.
    if (instruction === undefined) return [];
    const { isCall, target, length } = instruction;
    const how = isCall && target !== undefined ? ways.get(caller.entry + target) : undefined;
    const behind = how === undefined ? undefined : resultSite(machine, code, at + length);
    if (how !== undefined && behind !== undefined)
      sites.push({
        how,
        call: binary.fileOffset(caller.entry + at),
        behind: binary.fileOffset(caller.entry + behind.offset),
      });
    at += length;
  }
  return sites;
}
