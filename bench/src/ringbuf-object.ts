import { kernelBtf } from "@go3s/bpf";
import { compile } from "@go3s/lang";

/** Bytes of an event, and what it takes in the ring buffer with its header. */
export const EVENT_BYTES = 96;
export const RECORD_BYTES = EVENT_BYTES + 8;
/** Bytes of the ring buffer. */
export const RING_BYTES = 1 << 26;

const FILL = `
	e := events.Reserve()
	if e == nil {
		count := drops.Lookup(0)
		if count != nil {
			*count += 1
		}
		return 2
	}
	e.Time = bpf.KtimeNS()
	e.Sequence = 1
	e.Bytes = 2
	e.Duration = 3
	e.PID = 4
	e.TID = 5
	e.Source = 6
	e.Target = 7
	e.SourcePort = 8
	e.TargetPort = 9
	e.Status = -10
	e.CPU = 11
	e.Kind = 12
	e.Level = 13
	e.Extra = 14
	e.Count = 15
	e.Sum = 16
	e.Cookie = 17
	e.Parent = 18`;

const source = `package rings
import "bpf"

type Event struct {
	Time, Sequence, Bytes, Duration uint64
	PID, TID, Source, Target uint32
	SourcePort, TargetPort uint16
	Status int32
	CPU uint32
	Kind, Level uint8
	Extra uint16
	Count, Sum, Cookie, Parent uint64
}

var (
	events = bpf.RingBuf[Event](${RING_BYTES})
	drops = bpf.PerCPUArray[uint64](1)
	asleep uint32
)

// @tc
func quietly(ctx *bpf.SKB) int {${FILL.replace("bpf.KtimeNS()", "20")}
	if asleep != 0 {
		events.Submit(e, bpf.BPF_RB_FORCE_WAKEUP)
		return 2
	}
	events.Submit(e, bpf.BPF_RB_NO_WAKEUP)
	return 2
}

// @tc
func waking(ctx *bpf.SKB) int {${FILL}
	events.Submit(e)
	return 2
}

// @tc
func nothing(ctx *bpf.SKB) int {
	return 0
}

// @raw_tp:mark_victim
func rarely(ctx *bpf.RawTracepoint) int {${FILL.replaceAll("return 2", "return 0")}
	events.Submit(e)
	return 0
}
`;

/**
 * ringObject compiles the object of both readers: two programs that write an event of 96 bytes each time they run, one
 * that wakes a reader that says it is asleep and one with the kernel's choice, and one on a tracepoint that stays silent.
 */
export function ringObject(): Uint8Array {
  const result = compile([{ name: "rings.go3s", text: source }], {
    kernelBtf: kernelBtf(),
    architecture: process.arch === "arm64" ? "arm64" : "x86_64",
  });
  if (result.object === undefined)
    throw new Error(result.diagnostics.map(({ message }) => message).join("\n"));
  return result.object;
}
