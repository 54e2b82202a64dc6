import { existsSync } from "node:fs";
import { aluImm, movImm, movReg } from "../asm/arithmetic.js";
import { callHelper } from "../asm/flow.js";
import { R1, R2, R3, R10 } from "../asm/instruction.js";
import { storeImm } from "../asm/memory.js";
import { BpfError } from "../errors.js";
import { Errno } from "../kernel/errno.js";
import { PerfSoftware, PerfType } from "../kernel/perf.js";
import { attachKprobe } from "../link/kprobe.js";
import { attachPerfEvent } from "../link/perf-event.js";
import { attachRawTracepoint, attachTracing } from "../link/raw-tracepoint.js";
import { attachTracepoint } from "../link/tracepoint.js";
import { attachUprobe } from "../link/uprobe.js";
import { attachUprobeMulti } from "../link/uprobe-multi.js";
import { AttachType } from "../uapi/attach-types.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { ProgramType } from "../uapi/program-types.js";
import { attaches, NOTHING, probeProgram } from "./probe-program.js";
import { answerOf, type FeatureAnswer, type FeatureRow, tryIt } from "./row.js";

// A function that every kernel with BPF has in its BTF and that is rarely called.
const QUIET_FUNCTION = "bpf_fentry_test1";

function tracing(attachType: number): FeatureAnswer {
  const type = ProgramType.BPF_PROG_TYPE_TRACING;
  return attaches(
    () => probeProgram(type, attachType, QUIET_FUNCTION),
    (made) => attachTracing(made),
  );
}

function rawTracepoint(name: string): () => FeatureAnswer {
  return () =>
    attaches(
      () => probeProgram(ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT),
      (made) => attachRawTracepoint(made, { name }),
    );
}

function uprobe(): FeatureAnswer {
  // The first bytes of an executable are its header, where no one ever executes anything.
  const path = "/proc/self/exe";
  return attaches(
    () => probeProgram(ProgramType.BPF_PROG_TYPE_KPROBE),
    (made) => attachUprobe(made, { path, offset: 0, pid: process.pid }),
  );
}

function uprobeMulti(): FeatureAnswer {
  try {
    using made = probeProgram(ProgramType.BPF_PROG_TYPE_KPROBE, AttachType.BPF_TRACE_UPROBE_MULTI);
    // A folder is no file to probe, which only a kernel that knows such links notices.
    attachUprobeMulti(made, { path: "/", offsets: [0] }).close();
    return { outcome: "yes" };
  } catch (error) {
    if (error instanceof BpfError && error.errno === Errno.EBADF) return { outcome: "yes" };
    return answerOf(error);
  }
}

function probeWriteUser(): FeatureAnswer {
  const instructions = [
    storeImm(8, R10, -8, 0),
    movImm(R1, 0),
    movReg(R2, R10),
    aluImm("add", R2, -8),
    movImm(R3, 8),
    callHelper(HelperFunction.probe_write_user),
    ...NOTHING,
  ];
  const answer = tryIt(() => probeProgram(ProgramType.BPF_PROG_TYPE_KPROBE, 0, "", instructions));
  if (answer.outcome !== "no" || answer.refused) return answer;
  // A kernel in lockdown does not refuse the helper, it hides it: kernel/trace/bpf_trace.c, LOCKDOWN_BPF_WRITE_USER.
  const hint = "boot with lockdown=none; until then nothing can be written into other processes";
  return {
    outcome: "no",
    detail: "the kernel withholds the helper, as it does in lockdown",
    hint,
    refused: true,
  };
}

function kprobe(): FeatureAnswer {
  if (!existsSync("/sys/bus/event_source/devices/kprobe")) {
    return { outcome: "no", detail: "the kernel has no kprobe event source" };
  }
  return attaches(
    () => probeProgram(ProgramType.BPF_PROG_TYPE_KPROBE),
    (made) => attachKprobe(made, { symbol: "do_exit" }),
  );
}

/** hookRows has a row for each way of attaching that Go3s uses or would like to. */
export const hookRows: readonly FeatureRow[] = [
  {
    key: "tracepoint",
    group: "hook",
    name: "tracepoints",
    since: "4.7",
    config: "CONFIG_BPF_EVENTS",
    probe: () =>
      attaches(
        () => probeProgram(ProgramType.BPF_PROG_TYPE_TRACEPOINT),
        (made) => attachTracepoint(made, { group: "sched", name: "sched_process_exit" }),
      ),
  },
  {
    key: "raw-tracepoint",
    group: "hook",
    name: "raw tracepoints",
    since: "4.17",
    config: "CONFIG_BPF_EVENTS",
    probe: rawTracepoint("sched_process_exit"),
  },
  {
    key: "tp-btf",
    group: "hook",
    name: "tracepoints with typed arguments (tp_btf)",
    since: "5.5",
    config: "CONFIG_DEBUG_INFO_BTF",
    probe: () =>
      attaches(
        () =>
          probeProgram(ProgramType.BPF_PROG_TYPE_TRACING, AttachType.BPF_TRACE_RAW_TP, "sched_process_exit"),
        (made) => attachTracing(made),
      ),
  },
  {
    key: "sock-recv-length",
    group: "hook",
    name: "raw tracepoint sock_recv_length (what a socket received)",
    since: "6.3",
    config: "CONFIG_NET",
    probe: rawTracepoint("sock_recv_length"),
  },
  {
    key: "sock-send-length",
    group: "hook",
    name: "raw tracepoint sock_send_length (what a socket sent)",
    since: "6.3",
    config: "CONFIG_NET",
    probe: rawTracepoint("sock_send_length"),
  },
  {
    key: "perf-event",
    group: "hook",
    name: "perf events",
    since: "4.9",
    config: "CONFIG_PERF_EVENTS",
    probe: () =>
      attaches(
        () => probeProgram(ProgramType.BPF_PROG_TYPE_PERF_EVENT),
        (made) =>
          attachPerfEvent(made, {
            type: PerfType.SOFTWARE,
            config: PerfSoftware.CPU_CLOCK,
            period: 1e9,
            pid: process.pid,
          }),
      ),
  },
  {
    key: "uprobe",
    group: "hook",
    name: "uprobes",
    since: "4.17",
    config: "CONFIG_UPROBE_EVENTS",
    probe: uprobe,
  },
  {
    key: "uprobe-multi",
    group: "hook",
    name: "many uprobes by one link (uprobe_multi)",
    since: "6.6",
    config: "CONFIG_UPROBE_EVENTS",
    probe: uprobeMulti,
  },
  {
    key: "kprobe",
    group: "hook",
    name: "kprobes",
    since: "4.17",
    config: "CONFIG_KPROBE_EVENTS",
    probe: kprobe,
  },
  {
    key: "fentry",
    group: "hook",
    name: "entries of kernel functions (fentry)",
    since: "5.5",
    config: "CONFIG_FUNCTION_TRACER",
    probe: () => tracing(AttachType.BPF_TRACE_FENTRY),
  },
  {
    key: "fexit",
    group: "hook",
    name: "returns of kernel functions (fexit)",
    since: "5.5",
    config: "CONFIG_FUNCTION_TRACER",
    probe: () => tracing(AttachType.BPF_TRACE_FEXIT),
  },
  {
    key: "lsm",
    group: "hook",
    name: "LSM hooks",
    since: "5.7",
    config: "CONFIG_BPF_LSM",
    probe: () =>
      attaches(
        () => probeProgram(ProgramType.BPF_PROG_TYPE_LSM, AttachType.BPF_LSM_MAC, "bprm_creds_for_exec"),
        (made) => attachTracing(made),
      ),
  },
  {
    key: "probe-write-user",
    group: "hook",
    name: "writing into processes (bpf_probe_write_user)",
    since: "4.8",
    config: "CONFIG_BPF_EVENTS",
    probe: probeWriteUser,
  },
];
