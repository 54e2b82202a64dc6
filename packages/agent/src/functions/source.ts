import type { Capture } from "./capture.js";
import { type FunctionPlan, mostFunctions, type ProgramPlan } from "./plan.js";

/** FunctionMode is what is made of calls: a span each, or a histogram of their times. */
export type FunctionMode = "spans" | "histogram";

/** EventKind is the first word of a record. */
export const EventKind = { enter: 1, leave: 2, panic: 3, goexit: 4, end: 5 } as const;

/** headSize is where a record's words begin. */
export const headSize = 48;

/** programNames name a function's own programs; functions that read no values share `onEnter` and `onReturn`. */
export const programNames = {
  enter: (plan: FunctionPlan) => (plan.arguments.words === 0 ? "onEnter" : `onEnter${plan.id}`),
  leave: (plan: FunctionPlan) => (plan.results.words === 0 ? "onReturn" : `onReturn${plan.id}`),
} as const;

const ringBytes = 4 << 20;

/** functionSource writes the Go3s program that observes a plan's functions. */
export function functionSource(plan: ProgramPlan, mode: FunctionMode): string {
  return [
    head(plan),
    mode === "histogram" ? histogram() : spans(plan),
    ...(mode === "histogram" ? [] : plan.functions.map((fn) => own(fn))),
    "",
  ].join("\n");
}

function head({ isGo, goidOffset, parentGoidOffset }: ProgramPlan): string {
  const goid =
    goidOffset === undefined
      ? []
      : [`	bpf.ReadUser(&who, g+${goidOffset})`, "	if who == 0 {", "		who = g", "	}"];
  const routine = isGo ? ["	who := g", ...goid, "	return who"] : ["	return uint64(bpf.TID())"];
  // A goroutine's stack moves when it grows, its distance from the upper end (g.stack.hi) does not.
  const depth = isGo
    ? ["	var high uint64", "	bpf.ReadUser(&high, g+8)", "	return high - sp"]
    : ["	return 1<<47 - sp"];
  const parent =
    isGo && parentGoidOffset !== undefined
      ? ["	var parent uint64", `	bpf.ReadUser(&parent, g+${parentGoidOffset})`, "	return parent"]
      : ["	return 0"];
  return `// What go3s observe --func runs in the kernel for one program file.
package functions

import (
	"bpf"
	"bpf/helpers"
)

const noWakeup = 1 // BPF_RB_NO_WAKEUP: the reader looks by a timer

// Head begins every record.
type Head struct {
	Kind       uint32
	Function   uint32
	NS         uint64
	Routine    uint64 // the goroutine's number, or the thread's
	Parent     uint64 // the goroutine that started it
	Depth      uint64 // how far down the stack the call is: tells the calls of a recursion apart
	Tgid       uint32
	Tid        uint32
}

// dropped counts what found no room.
var dropped = bpf.PerCPUArray[uint64](1)

// hits counts calls while it is being found out how hot a function is.
var hits = bpf.PerCPUArray[uint64](${mostFunctions + 1})

// @uprobe.multi
func onHit(ctx *bpf.UProbe) int {
	count := hits.Lookup(uint32(helpers.GetAttachCookie(ctx)))
	if count != nil {
		*count += 1
	}
	return 0
}

func routineOf(g uint64) uint64 {
${routine.join("\n")}
}

func parentOf(g uint64) uint64 {
${parent.join("\n")}
}

func depthOf(g uint64, sp uint64) uint64 {
${depth.join("\n")}
}
`;
}

function histogram(): string {
  return `type Frame struct {
	Routine uint64
	Depth   uint64
	Tgid    uint32
	Unused  uint32
}

type Open struct {
	NS       uint64
	Function uint64
}

var (
	open  = bpf.LRUHash[Frame, Open](65536)
	times = bpf.Histogram[uint32](${mostFunctions + 1})
)

// @uprobe.multi
func onEnter(ctx *bpf.UProbe) int {
	var at Frame
	at.Tgid = bpf.PID()
	at.Routine = routineOf(ctx.G())
	at.Depth = depthOf(ctx.G(), ctx.SP())
	var call Open
	call.NS = bpf.KtimeNS()
	call.Function = helpers.GetAttachCookie(ctx)
	open.Update(&at, &call)
	return 0
}

func leave(g uint64, sp uint64, function uint64) {
	var at Frame
	at.Tgid = bpf.PID()
	at.Routine = routineOf(g)
	at.Depth = depthOf(g, sp)
	call := open.Lookup(&at)
	if call == nil {
		return
	}
	if call.Function == function {
		times.Observe(uint32(function), bpf.KtimeNS()-call.NS)
	}
	open.Delete(&at)
}

// @uprobe.multi
func onReturn(ctx *bpf.UProbe) int {
	leave(ctx.G(), ctx.SP(), helpers.GetAttachCookie(ctx))
	return 0
}

// onReturned is behind the return: the return address is off the stack.
// @uretprobe.multi
func onReturned(ctx *bpf.UProbe) int {
	leave(ctx.G(), ctx.SP()-8, helpers.GetAttachCookie(ctx))
	return 0
}
`;
}

function spans({ isGo }: ProgramPlan): string {
  return `var (
	records = bpf.RingBuf[Head](${ringBytes})
	// panicking are goroutines that have panicked: their end is told.
	panicking = bpf.LRUHash[uint64, uint64](4096)
)

func drop() {
	count := dropped.Lookup(0)
	if count != nil {
		*count += 1
	}
}

func describe(h *Head, kind uint32, function uint64, g uint64, sp uint64) {
	h.Kind = kind
	h.Function = uint32(function)
	h.NS = bpf.KtimeNS()
	h.Routine = routineOf(g)
	h.Parent = parentOf(g)
	h.Depth = depthOf(g, sp)
	h.Tgid = bpf.PID()
	h.Tid = bpf.TID()
}

func tell(kind uint32, function uint64, g uint64, sp uint64) {
	h := records.Reserve()
	if h == nil {
		drop()
		return
	}
	describe(h, kind, function, g, sp)
	records.Submit(h, noWakeup)
}

// @uprobe.multi
func onEnter(ctx *bpf.UProbe) int {
	tell(${EventKind.enter}, helpers.GetAttachCookie(ctx), ctx.G(), ctx.SP())
	return 0
}

// @uprobe.multi
func onReturn(ctx *bpf.UProbe) int {
	tell(${EventKind.leave}, helpers.GetAttachCookie(ctx), ctx.G(), ctx.SP())
	return 0
}
${isGo ? unwinding() : returned}`;
}

const returned = `
// onReturned is behind the return: the return address is off the stack.
// @uretprobe.multi
func onReturned(ctx *bpf.UProbe) int {
	tell(${EventKind.leave}, helpers.GetAttachCookie(ctx), ctx.G(), ctx.SP()-8)
	return 0
}
`;

/** unwinding tells what ends calls without a return. Panics and Goexit are rare; goroutines' ends cost a look-up. */
function unwinding(): string {
  return `
// @uprobe.multi
func onPanic(ctx *bpf.UProbe) int {
	routine := routineOf(ctx.G())
	since := bpf.KtimeNS()
	panicking.Update(&routine, &since)
	tell(${EventKind.panic}, 0, ctx.G(), ctx.SP())
	return 0
}

// @uprobe.multi
func onGoexit(ctx *bpf.UProbe) int {
	tell(${EventKind.goexit}, 0, ctx.G(), ctx.SP())
	return 0
}

// onRoutineEnd is the entry of runtime.goexit0, whose argument is the goroutine that ends.
// @uprobe.multi
func onRoutineEnd(ctx *bpf.UProbe) int {
	routine := routineOf(ctx.GoArg(0))
	if panicking.Lookup(&routine) == nil {
		return 0
	}
	panicking.Delete(&routine)
	tell(${EventKind.end}, 0, ctx.GoArg(0), ctx.SP())
	return 0
}
`;
}

/** own writes the programs of a function whose values are read. */
function own(fn: FunctionPlan): string {
  const what = fn.isLine ? fn.name : `${fn.name} (${fn.file}:${fn.line})`;
  const enter = reading(
    `onEnter${fn.id}`,
    `Enter${fn.id}`,
    EventKind.enter,
    fn,
    fn.arguments,
    `${what}: its entry`,
  );
  const leave = reading(
    `onReturn${fn.id}`,
    `Return${fn.id}`,
    EventKind.leave,
    fn,
    fn.results,
    `${what}: its end`,
  );
  return [enter, leave].filter((text) => text !== "").join("\n");
}

function reading(
  program: string,
  type: string,
  kind: number,
  fn: FunctionPlan,
  capture: Capture,
  comment: string,
): string {
  if (capture.words === 0) return "";
  const leaves = capture.leaves.map((leaf) => `${leaf.name} at ${leaf.word}`).join(", ");
  const code = capture.code.map((line) => `	${line}`).join("\n");
  const back = fn.uretprobe && kind === EventKind.leave ? " - 8" : "";
  const hook = fn.uretprobe && kind === EventKind.leave ? "uretprobe.multi" : "uprobe.multi";
  return `
// ${type}: ${leaves}
type ${type} struct {
	Head
	W [${capture.words}]uint64
}

// ${comment}
// @${hook}
func ${program}(ctx *bpf.UProbe) int {
	e := bpf.Reserve[${type}](&records)
	if e == nil {
		drop()
		return 0
	}
	describe(&e.Head, ${kind}, ${fn.id}, ctx.G(), ctx.SP()${back})
${code}
	records.Submit((*Head)(e), noWakeup)
	return 0
}
`;
}
