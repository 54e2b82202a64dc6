import { kernelBtf } from "@go3s/bpf";
import { compile } from "@go3s/lang";

/** LargeObject says how large an object of largeObject() is. */
export interface LargeObject {
  readonly bytes: Uint8Array;
  readonly programs: number;
  readonly maps: number;
}

/** Kinds of maps in turn; data sections come on top of them. */
const kinds = [
  "Hash[uint64, Row]",
  "PerCPUHash[uint64, Row]",
  "LRUHash[uint64, Row]",
  "Hash[uint32, uint64]",
];

/**
 * largeObject compiles an object of raw tracepoint programs that each read a dozen fields of the kernel by CO-RE, walk
 * a bounded loop and write to two maps and a ring buffer. Two of the maps are its data sections.
 */
export function largeObject(programs: number, maps: number): LargeObject {
  const hashes = maps - 3;
  const lines = [
    "package large",
    'import "bpf"',
    "type Row struct { Count, Sum, Last uint64; Comm [16]byte }",
    "type Event struct { PID, TID uint32; Time, Value uint64; Comm [16]byte }",
    "var events = bpf.RingBuf[Event](1 << 16)",
    "var total uint64",
    "var limit uint64 = 8 // @config",
  ];
  for (let i = 0; i < hashes; i++) lines.push(`var map${i} = bpf.${kinds[i % kinds.length]}(128)`);
  for (let i = 0; i < programs; i++) lines.push(program(i, hashes));
  const result = compile([{ name: "large.go3s", text: lines.join("\n") }], {
    kernelBtf: kernelBtf(),
    architecture: process.arch === "arm64" ? "arm64" : "x86_64",
  });
  if (result.object === undefined)
    throw new Error(result.diagnostics.map(({ message }) => message).join("\n"));
  return { bytes: result.object, programs, maps };
}

function program(index: number, hashes: number): string {
  const rows = index % hashes;
  const row = rows % kinds.length === 3 ? (rows + 1) % hashes : rows;
  const counts = 3 + kinds.length * (index % Math.floor((hashes - 3 + kinds.length - 1) / kinds.length));
  return `
// @raw_tp:sys_enter
func program${index}(ctx *bpf.RawTracepoint) int {
	task := bpf.CurrentTask()
	key := uint64(task.tgid)<<32 | uint64(task.pid)
	sum := uint64(task.flags) + uint64(task.prio) + task.start_time + task.nvcsw + task.nivcsw
	sum += uint64(task.real_parent.tgid) + uint64(task.mm.map_count) + task.mm.total_vm + uint64(task.group_leader.pid)
	for i := uint64(0); i < 8; i++ {
		if i < limit {
			sum += ctx.Arg(1) >> i
		}
	}
	row := map${row}.Lookup(key)
	if row == nil {
		var fresh Row
		fresh.Comm = bpf.Comm()
		fresh.Count = ${index}
		map${row}.Update(key, fresh)
		return 0
	}
	row.Count++
	row.Sum += sum
	row.Last = bpf.KtimeNS()
	map${counts}.Increment(uint32(task.tgid))
	total++
	e := events.Reserve()
	if e == nil {
		return 0
	}
	e.PID = bpf.PID()
	e.TID = bpf.TID()
	e.Time = row.Last
	e.Value = sum
	e.Comm = bpf.Comm()
	events.Submit(e)
	return 0
}`;
}
