import { encodeInstructions } from "../asm/encode.js";
import type { Instruction } from "../asm/instruction.js";
import { INSTRUCTION_BYTES } from "../asm/opcode.js";
import { BpfError } from "../errors.js";
import { explainRefusal } from "../explain/explain.js";
import type { Explanation } from "../explain/explanation.js";
import { PROG_LOAD_ATTR } from "../kernel/attr.generated.js";
import type { AttrValues } from "../kernel/attr.js";
import { attrU32, bpf, bpfAside } from "../kernel/bpf.js";
import { Errno } from "../kernel/errno.js";
import { failure } from "../kernel/failure.js";
import { Descriptor } from "../kernel/fd.js";
import { allowLockedMemory } from "../kernel/memlock.js";
import { Program } from "./program.js";
import { type ProgramImage, programTypeName, programTypeSince } from "./spec.js";
import { trampolineHint } from "./trampoline.js";

// bpf_func_info and bpf_line_info, include/uapi/linux/bpf.h.
const FUNC_INFO_BYTES = 8;
const LINE_INFO_BYTES = 16;

/**
 * From 6.4 on the kernel keeps a log's end when it does not fit: this much holds the way to any refusal, where the
 * whole log of a million instructions is 60 MB. Pages that are not written cost nothing.
 */
const FIRST_LOG_BYTES = 2 * 1024 * 1024;
/** Older kernels keep the start, so that only the whole log shows the end; 16 MiB is their limit. */
const LAST_LOG_BYTES = 16 * 1024 * 1024 - 1;
/** More than this the kernel takes from no one (BPF_COMPLEXITY_LIMIT_INSNS, 5.2). */
const MOST_INSTRUCTIONS = 1_000_000;

function isBytes(code: Uint8Array | readonly Instruction[]): code is Uint8Array {
  return code instanceof Uint8Array;
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function placeText({ source, instruction }: Explanation): string {
  if (source === undefined) return instruction === undefined ? "" : ` at instruction ${instruction.slot}`;
  const line = source.text.trim();
  return ` at ${source.file}:${source.line}:${source.column}${line === "" ? "" : `: ${line}`}`;
}

function refusal(image: ProgramImage, errno: number, log: string): BpfError {
  const context = {
    call: "BPF_PROG_LOAD",
    tried: `load ${programTypeName(image.type)} program "${image.name}"`,
    since: programTypeSince(image.type),
  };
  const explanation = log.trim() === "" ? undefined : explainRefusal(image, log);
  // A policy that refuses what the verifier let pass leaves statistics only.
  if (explanation === undefined || (errno === Errno.EPERM && explanation.kind === "refused-after")) {
    const hint = silentHint(errno) ?? trampolineHint(errno, image.type, image.attachType ?? 0);
    return failure(errno, { ...context, hint });
  }
  const isVerdict = errno !== Errno.EPERM;
  return failure(errno, {
    ...context,
    log,
    explanation,
    code: isVerdict ? "verifier-rejected" : undefined,
    hint: explanation.fix,
    detail: `${placeText(explanation)}: ${explanation.said}`,
  });
}

/** silentHint says what a refusal without a word of the verifier is about: it comes before the instructions. */
function silentHint(errno: number): string | undefined {
  if (errno === Errno.EINVAL) {
    return "the kernel did not look at the instructions: it does not know the program type, the attach type that belongs to it, or a flag";
  }
  if (errno === Errno.E2BIG) {
    return "this kernel does not know a field that was used, or users without CAP_BPF may load 4096 instructions only";
  }
  return undefined;
}

interface Answer {
  readonly fd: number;
  readonly log: string;
}

/** loadAgain loads with a log, until the log holds the refusal. It is the same program, so it may also succeed now. */
function loadAgain(values: AttrValues<typeof PROG_LOAD_ATTR>): Answer {
  for (let size = FIRST_LOG_BYTES; ; size = Math.min(size * 4, LAST_LOG_BYTES)) {
    const log = new Uint8Array(size);
    const fd = bpf("BPF_PROG_LOAD", PROG_LOAD_ATTR, {
      ...values,
      log_level: 1,
      log_size: size,
      log_buf: log,
    });
    if (fd >= 0) return { fd, log: "" };
    // From 6.4 on the kernel tells the size that it would have needed.
    const keepsEnd = attrU32(PROG_LOAD_ATTR, "log_true_size") > 0;
    if (fd !== -Errno.ENOSPC || keepsEnd || size >= LAST_LOG_BYTES) return { fd, log: text(log) };
  }
}

/** attrOf checks an image and gives what BPF_PROG_LOAD is told of it. Throws `bad-argument`. */
function attrOf(image: ProgramImage): AttrValues<typeof PROG_LOAD_ATTR> {
  allowLockedMemory();
  const code = isBytes(image.instructions) ? image.instructions : encodeInstructions(image.instructions);
  const count = code.length / INSTRUCTION_BYTES;
  if (count === 0 || count > MOST_INSTRUCTIONS) {
    const why =
      count === 0 ? "it has no instructions" : `it has ${count} instructions, one million is the limit`;
    throw new BpfError("bad-argument", `cannot load program "${image.name}": ${why}`);
  }
  const license = new TextEncoder().encode(`${image.license}\0`);
  const functions = image.functionInfo ?? new Uint8Array(0);
  const lines = image.lineInfo ?? new Uint8Array(0);
  return {
    prog_type: image.type,
    insn_cnt: count,
    insns: code,
    license,
    prog_flags: image.flags ?? 0,
    prog_name: image.name.replace(/[^A-Za-z0-9_.]/g, "_"),
    expected_attach_type: image.attachType ?? 0,
    attach_btf_id: image.attachBtfId ?? 0,
    attach_prog_fd: image.attachFd ?? 0,
    prog_btf_fd: image.btfFd ?? 0,
    func_info_rec_size: functions.length === 0 ? 0 : FUNC_INFO_BYTES,
    func_info: functions,
    func_info_cnt: functions.length / FUNC_INFO_BYTES,
    line_info_rec_size: lines.length === 0 ? 0 : LINE_INFO_BYTES,
    line_info: lines,
    line_info_cnt: lines.length / LINE_INFO_BYTES,
    fd_array: image.moduleFds ?? 0,
  };
}

/**
 * loadProgram gives a program to the kernel and owns what comes back. It is first loaded without a log, which
 * is faster; when that fails again with one, grown until it holds the refusal. Throws BpfError `verifier-rejected` with
 * the source line, the log and an explanation in words, or what else the kernel says.
 */
export function loadProgram(image: ProgramImage): Program {
  const values = attrOf(image);
  const fd = bpf("BPF_PROG_LOAD", PROG_LOAD_ATTR, values);
  if (fd >= 0) return owned(image, fd);

  // A log that does not fit turns the errno into ENOSPC: the first answer is the verdict.
  const errno = -fd;
  const again = loadAgain(values);
  if (again.fd >= 0) return owned(image, again.fd);
  throw refusal(image, errno, again.log);
}

function owned(image: ProgramImage, fd: number): Program {
  return new Program(image, new Descriptor(fd, `program "${image.name}"`));
}

/**
 * loadProgramAside is loadProgram on another thread: the verifier takes no lock that privileged loads share (bpf_check(),
 * kernel/bpf/verifier.c), so several programs are verified at once while this thread goes on. What is refused there is
 * loaded once more here, for the same error as loadProgram()'s. Rejects as that throws.
 */
export async function loadProgramAside(image: ProgramImage): Promise<Program> {
  const fd = await bpfAside("BPF_PROG_LOAD", PROG_LOAD_ATTR, attrOf(image));
  return fd >= 0 ? owned(image, fd) : loadProgram(image);
}
