import { encodeInstructions } from "../asm/encode.js";
import type { Instruction } from "../asm/instruction.js";
import { INSTRUCTION_BYTES } from "../asm/opcode.js";
import type { BpfError } from "../errors.js";
import { PROG_LOAD_ATTR } from "../kernel/attr.generated.js";
import { attrU32, bpf } from "../kernel/bpf.js";
import { Errno } from "../kernel/errno.js";
import { failure } from "../kernel/failure.js";
import { Descriptor } from "../kernel/fd.js";
import { allowLockedMemory } from "../kernel/memlock.js";
import { Program } from "./program.js";
import { type ProgramImage, programTypeName, programTypeSince } from "./spec.js";
import { failingSlot, logSummary, sourceOf } from "./verifier-log.js";

// bpf_func_info and bpf_line_info, include/uapi/linux/bpf.h.
const FUNC_INFO_BYTES = 8;
const LINE_INFO_BYTES = 16;

const FIRST_LOG_BYTES = 64 * 1024;
/** The kernel refuses logs beyond UINT_MAX >> 2; 16 MiB has been the limit of old ones. */
const LAST_LOG_BYTES = 16 * 1024 * 1024 - 1;

function isBytes(code: Uint8Array | readonly Instruction[]): code is Uint8Array {
  return code instanceof Uint8Array;
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function refusal(image: ProgramImage, errno: number, log: string): BpfError {
  const tried = `load ${programTypeName(image.type)} program "${image.name}"`;
  const isVerdict = log.trim() !== "" && errno !== Errno.EPERM;
  const base = failure(errno, {
    call: "BPF_PROG_LOAD",
    tried,
    since: programTypeSince(image.type),
    log: log === "" ? undefined : log,
    code: isVerdict ? "verifier-rejected" : undefined,
    hint: errno === Errno.EPERM && log.trim() !== "" ? logSummary(log) : undefined,
  });
  if (!isVerdict) return base;
  const slot = failingSlot(log);
  const source = sourceOf(image.lines, slot);
  const place =
    source === undefined ? (slot === undefined ? "" : ` at instruction ${slot}`) : ` at ${source}`;
  base.message = `${base.message}${place}: ${logSummary(log)}`;
  return base;
}

/**
 * loadProgram gives a program to the kernel and owns what comes back. It is first loaded without a log, which
 * is faster; when that fails again with one, grown until it fits. Throws BpfError `verifier-rejected` with
 * the source line and the log, or what else the kernel says.
 */
export function loadProgram(image: ProgramImage): Program {
  allowLockedMemory();
  const code = isBytes(image.instructions) ? image.instructions : encodeInstructions(image.instructions);
  const license = new TextEncoder().encode(`${image.license}\0`);
  const functions = image.functionInfo ?? new Uint8Array(0);
  const lines = image.lineInfo ?? new Uint8Array(0);
  const values = {
    prog_type: image.type,
    insn_cnt: code.length / INSTRUCTION_BYTES,
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
  };
  let fd = bpf("BPF_PROG_LOAD", PROG_LOAD_ATTR, values);
  if (fd >= 0) return new Program(image, new Descriptor(fd, `program "${image.name}"`));

  let log = new Uint8Array(0);
  for (let size = FIRST_LOG_BYTES; ; size = Math.min(size * 4, LAST_LOG_BYTES)) {
    log = new Uint8Array(size);
    fd = bpf("BPF_PROG_LOAD", PROG_LOAD_ATTR, { ...values, log_level: 1, log_size: size, log_buf: log });
    if (fd >= 0) return new Program(image, new Descriptor(fd, `program "${image.name}"`));
    // From 6.4 on the kernel keeps the log's end and tells the size it would have needed.
    const needed = attrU32(PROG_LOAD_ATTR, "log_true_size");
    const isCut = fd === -Errno.ENOSPC || needed > size;
    if (!isCut || size >= LAST_LOG_BYTES) break;
  }
  throw refusal(image, -fd, text(log));
}
