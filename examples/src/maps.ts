// Maps: made by an object or by hand, read as values by their types, in batches, or in place.
import { ArrayMemory, attachBySection, createMap, MapFlag, MapType, typedMap, u32Bytes } from "@go3s/bpf";
import { startWaiting } from "./support/child.js";
import { loadProbe } from "./support/probe.js";

const probe = `
package calls

import "bpf"

type Key struct {
	PID, Call uint32
}

type Stat struct {
	Count, Last uint64
}

var (
	stats   = bpf.Hash[Key, Stat](256)
	total   uint64
	watched uint32 // @config
)

// @raw_tp:sys_enter
func onCall(ctx *bpf.RawTracepoint) int {
	if bpf.PID() != watched {
		return 0
	}
	total++
	key := Key{PID: bpf.PID(), Call: uint32(ctx.Arg(1))}
	stat := stats.Lookup(key)
	if stat == nil {
		stats.Update(key, Stat{Count: 1, Last: bpf.KtimeNS()})
		return 0
	}
	stat.Count++
	stat.Last = bpf.KtimeNS()
	return 0
}
`;

interface Key {
  readonly PID: number;
  readonly Call: number;
}
interface Stat {
  readonly Count: bigint;
  readonly Last: bigint;
}

const child = await startWaiting("cat /proc/version");
using object = loadProbe(probe, { constants: { watched: child.pid }, mapSizes: { stats: 1024 } });
const { types } = object;
if (types === undefined) throw new Error("the object tells nothing of its types");
{
  using _link = attachBySection(object, "onCall");
  await child.go();
}

// Elements as values, by the types of the object.
const stats = typedMap<Key, Stat>(object.map("stats"), types);
let sum = 0n;
for (const [{ PID }, { Count }] of stats) if (PID === child.pid) sum += Count;
const openat = stats.get({ PID: child.pid, Call: 257 });
console.log(`openat: ${openat?.Count ?? 0n} of ${sum} calls`);
// A variable of .bss or .data is memory that both sides see.
console.log(`total: ${object.variable("total").getBigUint64(0, true)}`);

// A map of our own, of which programs can be given the descriptor; an array can be mapped: no system calls any more.
using table = createMap({
  name: "table",
  type: MapType.BPF_MAP_TYPE_ARRAY,
  keySize: 4,
  valueSize: 8,
  maxEntries: 3,
  flags: MapFlag.BPF_F_MMAPABLE,
});
table.update(u32Bytes(1), Uint8Array.of(42, 0, 0, 0, 0, 0, 0, 0));
using memory = new ArrayMemory(table);
console.log(`table[1] begins with ${memory.at(1)[0]}`);
