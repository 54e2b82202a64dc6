// fentry and LSM: the cheapest hook of functions, and the one that may say no. Some kernels refuse both: how that is told.
import {
  AttachType,
  attachTracing,
  BpfError,
  BtfKind,
  exit,
  kernelBtf,
  loadProgram,
  movImm,
  ProgramType,
  R0,
} from "@go3s/bpf";

const hooks = [
  {
    name: "fentry/do_unlinkat",
    type: ProgramType.BPF_PROG_TYPE_TRACING,
    attachType: AttachType.BPF_TRACE_FENTRY,
    target: "do_unlinkat",
  },
  {
    name: "lsm/file_open",
    type: ProgramType.BPF_PROG_TYPE_LSM,
    attachType: AttachType.BPF_LSM_MAC,
    target: "bpf_lsm_file_open",
  },
];

for (const { name, type, attachType, target } of hooks) {
  try {
    using program = loadProgram({
      name: "observer",
      type,
      attachType,
      // The function is named by its number among the kernel's own types.
      attachBtfId: kernelBtf().findOne(target, BtfKind.FUNC),
      license: "GPL",
      instructions: [movImm(R0, 0), exit()],
    });
    using link = attachTracing(program);
    console.log(`${name}: attached to ${link.target}`);
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    // What was asked, what was refused, what is missing: the same three that a command ends with 3 for.
    console.log(`${name}: ${error.code}: ${error.message}`);
    console.log(`  what to do: ${error.hint}`);
  }
}
