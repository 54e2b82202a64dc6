// An iterator: a program that the kernel calls for each of its objects, when somebody reads. Here: the threads of this process.
import {
  AttachType,
  aluImm,
  attachIterator,
  BtfKind,
  callHelper,
  exit,
  HelperFunction,
  jumpIfImm,
  kernelBtf,
  load,
  loadProgram,
  movImm,
  movReg,
  ProgramType,
  R0,
  R1,
  R2,
  R3,
  R6,
  R7,
  R10,
  readIterator,
  readText,
  withLabel,
} from "@go3s/bpf";

const kernel = kernelBtf();
const task = kernel.find("task_struct").map((id) => kernel.type(id));
const members = task.flatMap((type) => (type.kind === "struct" ? type.members : []));
const comm = (members.find(({ name }) => name === "comm")?.bitOffset ?? 0) / 8;
const NAME_BYTES = 16;

using program = loadProgram({
  name: "threads",
  type: ProgramType.BPF_PROG_TYPE_TRACING,
  attachType: AttachType.BPF_TRACE_ITER,
  attachBtfId: kernel.findOne("bpf_iter_task", BtfKind.FUNC),
  license: "GPL",
  instructions: [
    load(8, R6, R1, 0), // bpf_iter__task.meta
    load(8, R7, R1, 8), // bpf_iter__task.task, NULL behind the last one
    jumpIfImm("eq", R7, 0, "out"),
    movReg(R1, R10),
    aluImm("add", R1, -NAME_BYTES),
    movImm(R2, NAME_BYTES),
    movReg(R3, R7),
    aluImm("add", R3, comm),
    callHelper(HelperFunction.probe_read_kernel),
    load(8, R1, R6, 0), // bpf_iter_meta.seq
    movReg(R2, R10),
    aluImm("add", R2, -NAME_BYTES),
    movImm(R3, NAME_BYTES),
    callHelper(HelperFunction.seq_write),
    withLabel("out", movImm(R0, 0)),
    exit(),
  ],
});
using link = attachIterator(program, { processId: process.pid });
const names = readIterator(link);
const threads: string[] = [];
for (let at = 0; at < names.length; at += NAME_BYTES) threads.push(readText(names, at, NAME_BYTES));
console.log(`this process has ${threads.length} threads: ${[...new Set(threads)].join(", ")}`);
