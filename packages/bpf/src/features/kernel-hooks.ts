import { existsSync } from "node:fs";
import { BtfBuilder } from "../btf/builder.js";
import { kernelBtf } from "../btf/kernel.js";
import { BtfKind, BtfLinkage } from "../btf/kinds.js";
import { loadBtf } from "../btf/load.js";
import { LINK_DETACH_ATTR, LINK_UPDATE_ATTR } from "../kernel/attr.generated.js";
import { bpf } from "../kernel/bpf.js";
import { Errno } from "../kernel/errno.js";
import { failure } from "../kernel/failure.js";
import { openPerfEvent, PerfHardware, PerfType } from "../kernel/perf.js";
import { addressOf } from "../kernel/syscall.js";
import { attachIterator } from "../link/iterator.js";
import { attachPerfEvent } from "../link/perf-event.js";
import { attachTracing } from "../link/raw-tracepoint.js";
import { loadProgram } from "../program/load.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { ALLOWS, attaches, linkAnswers, NOTHING, probeProgram } from "./probe-program.js";
import { answerOf, type FeatureAnswer, type FeatureRow, tryIt } from "./row.js";

const P = ProgramType;
const A = AttachType;

function kprobeMulti(attachType: number): () => FeatureAnswer {
  const names = new TextEncoder().encode("go3s_no_such_function\0");
  return () => {
    const pointer = BigUint64Array.of(BigInt(addressOf(names)));
    const values = { attach_type: attachType, kprobe_multi_cnt: 1, kprobe_multi_syms: pointer };
    return linkAnswers(() => probeProgram(P.BPF_PROG_TYPE_KPROBE, attachType), values, [
      Errno.ESRCH,
      Errno.ENOENT,
    ]);
  };
}

function uprobeSession(): FeatureAnswer {
  const attachType = A.BPF_TRACE_UPROBE_SESSION;
  const values = {
    attach_type: attachType,
    uprobe_multi_path: new TextEncoder().encode("/\0"),
    uprobe_multi_offsets: BigUint64Array.of(0n),
    uprobe_multi_cnt: 1,
  };
  // A folder is no file to probe, which only a kernel that knows such links notices.
  return linkAnswers(() => probeProgram(P.BPF_PROG_TYPE_KPROBE, attachType), values, [Errno.EBADF]);
}

/** A program that has a function, and one that would take its place. */
function replacement(): FeatureAnswer {
  try {
    const types = new BtfBuilder();
    const int = types.add({ kind: "int", name: "int", size: 4, encoding: "signed" });
    const context = types.add({
      kind: "ptr",
      type: types.add({ kind: "struct", name: "__sk_buff", size: 0, members: [] }),
    });
    const proto = types.add({ kind: "func_proto", type: int, parameters: [{ name: "skb", type: context }] });
    const own = types.add({ kind: "func", name: "own", type: proto, linkage: BtfLinkage.GLOBAL });
    using btf = loadBtf(types.encode());
    // struct bpf_func_info: instruction offset, type.
    const functionInfo = new Uint8Array(Uint32Array.of(0, own).buffer);
    const common = { license: "GPL", instructions: NOTHING, btfFd: btf.number, functionInfo };
    using target = loadProgram({ ...common, name: "own", type: P.BPF_PROG_TYPE_SOCKET_FILTER });
    return attaches(
      () =>
        loadProgram({
          ...common,
          name: "go3s_probe",
          type: P.BPF_PROG_TYPE_EXT,
          attachBtfId: own,
          attachFd: target.fd,
        }),
      (made) => attachTracing(made),
    );
  } catch (error) {
    return answerOf(error);
  }
}

function hardwareCounter(): FeatureAnswer {
  const event = { type: PerfType.HARDWARE, config: PerfHardware.CPU_CYCLES, pid: process.pid, cpu: -1 };
  return tryIt(() =>
    openPerfEvent(event, {
      tried: "count cycles",
      code: "not-supported",
      hint: "run on a machine that shows them; CPU_CLOCK of PerfType.SOFTWARE samples without",
    }),
  );
}

function hardwareBreakpoint(): FeatureAnswer {
  const breakpoint = { on: 2, address: BigInt(addressOf(new Uint8Array(64))), length: 8 };
  const event = { type: PerfType.BREAKPOINT, config: 0, period: 1, pid: process.pid, breakpoint };
  return attaches(
    () => probeProgram(P.BPF_PROG_TYPE_PERF_EVENT),
    (made) => attachPerfEvent(made, event),
  );
}

function structOps(): FeatureAnswer {
  try {
    const found = kernelBtf().findOne("bpf_struct_ops_tcp_congestion_ops", BtfKind.STRUCT);
    return found === undefined
      ? { outcome: "no", detail: "the kernel's types have no such table" }
      : { outcome: "yes" };
  } catch (error) {
    return answerOf(error);
  }
}

/** linkCall asks whether the kernel has a call on links: of no descriptor it says EBADF, without the call EINVAL. */
function linkCall(call: "BPF_LINK_UPDATE" | "BPF_LINK_DETACH"): FeatureAnswer {
  const layout = call === "BPF_LINK_UPDATE" ? LINK_UPDATE_ATTR : LINK_DETACH_ATTR;
  const result = bpf(call, layout, { link_fd: -1 });
  if (result === -Errno.EBADF) return { outcome: "yes" };
  return answerOf(failure(-result, { call, tried: "ask about links", code: "not-supported" }));
}

/** kernelHookRows has a row for each place inside the kernel and its processes that is not among the usual ones. */
export const kernelHookRows: readonly FeatureRow[] = [
  {
    key: "fmod-ret",
    group: "hook",
    name: "results of kernel functions (fmod_ret)",
    since: "5.7",
    config: "CONFIG_FUNCTION_TRACER",
    probe: () =>
      attaches(
        () => probeProgram(P.BPF_PROG_TYPE_TRACING, A.BPF_MODIFY_RETURN, "bpf_modify_return_test"),
        (made) => attachTracing(made),
      ),
  },
  {
    key: "freplace",
    group: "hook",
    name: "functions of other programs (freplace)",
    since: "5.6",
    config: "CONFIG_BPF_JIT",
    probe: replacement,
  },
  {
    key: "lsm-cgroup",
    group: "hook",
    name: "LSM hooks of a cgroup",
    since: "6.0",
    config: "CONFIG_BPF_LSM",
    probe: () =>
      linkAnswers(
        () => probeProgram(P.BPF_PROG_TYPE_LSM, A.BPF_LSM_CGROUP, "socket_create", ALLOWS),
        { attach_type: A.BPF_LSM_CGROUP, target_fd: -1 },
        [Errno.EBADF],
      ),
  },
  {
    key: "kprobe-multi",
    group: "hook",
    name: "many kernel functions by one link (kprobe_multi)",
    since: "5.18",
    config: "CONFIG_FPROBE",
    probe: kprobeMulti(A.BPF_TRACE_KPROBE_MULTI),
  },
  {
    key: "kprobe-session",
    group: "hook",
    name: "kernel functions at entry and return (kprobe session)",
    since: "6.13",
    config: "CONFIG_FPROBE",
    probe: kprobeMulti(A.BPF_TRACE_KPROBE_SESSION),
  },
  {
    key: "uprobe-session",
    group: "hook",
    name: "functions at entry and return (uprobe session)",
    since: "6.13",
    config: "CONFIG_UPROBE_EVENTS",
    probe: uprobeSession,
  },
  {
    key: "usdt-counter",
    group: "hook",
    name: "counters that USDT probes wait for",
    since: "4.20",
    config: "CONFIG_UPROBE_EVENTS",
    probe: () => {
      const there = existsSync("/sys/bus/event_source/devices/uprobe/format/ref_ctr_offset");
      return there ? { outcome: "yes" } : { outcome: "no", detail: "the uprobe event source has none" };
    },
  },
  {
    key: "hardware-counter",
    group: "hook",
    name: "the processor's own counters",
    since: "2.6",
    config: "CONFIG_PERF_EVENTS",
    probe: () => {
      const answer = hardwareCounter();
      // The kernel has them; it is the machine that shows none.
      return answer.outcome === "no" ? { ...answer, refused: true } : answer;
    },
  },
  {
    key: "hardware-breakpoint",
    group: "hook",
    name: "who reads or writes an address (hardware breakpoint)",
    since: "4.9",
    config: "CONFIG_HAVE_HW_BREAKPOINT",
    probe: () => {
      const answer = hardwareBreakpoint();
      return answer.outcome === "no"
        ? { ...answer, hint: answer.hint ?? "run on a machine with debug registers", refused: true }
        : answer;
    },
  },
  {
    key: "iterator",
    group: "hook",
    name: "everything of a kind in the kernel (iterators)",
    since: "5.8",
    config: "CONFIG_DEBUG_INFO_BTF",
    probe: () =>
      attaches(() => probeProgram(P.BPF_PROG_TYPE_TRACING, A.BPF_TRACE_ITER, "task"), attachIterator),
  },
  {
    key: "struct-ops",
    group: "hook",
    name: "tables of functions (struct_ops), for congestion control",
    since: "5.6",
    config: "CONFIG_DEBUG_INFO_BTF",
    probe: structOps,
  },
  {
    key: "link-update",
    group: "hook",
    name: "another program in an attached one's place",
    since: "5.7",
    config: "CONFIG_BPF_SYSCALL",
    probe: () => linkCall("BPF_LINK_UPDATE"),
  },
  {
    key: "link-detach",
    group: "hook",
    name: "detaching what others hold",
    since: "5.9",
    config: "CONFIG_BPF_SYSCALL",
    probe: () => linkCall("BPF_LINK_DETACH"),
  },
];
