import { BpfError } from "../errors.js";
import { writeU64 } from "../kernel/attr.js";
import { Errno } from "../kernel/errno.js";
import { AttachType } from "../uapi/attach-types.js";
import { withFile } from "./file-identity.js";
import { type Attachable, createLink, type Link, linkOf } from "./link.js";

// BPF_F_UPROBE_MULTI_RETURN, include/uapi/linux/bpf.h
const AT_RETURN = 1;

/** UprobeMultiOptions say which instructions of one file, for whom. */
export interface UprobeMultiOptions {
  readonly path: string;
  /** What fileIdentity() said when the offsets were found: another file that stands there now is left alone. */
  readonly identity?: string | undefined;
  /** File offsets in bytes. */
  readonly offsets: readonly number[];
  /** What bpf_get_attach_cookie() gives for each offset. */
  readonly cookies?: readonly bigint[];
  /** File offsets of the USDT semaphores, 0 for those without. */
  readonly refCounters?: readonly number[];
  readonly pid?: number;
  readonly atReturn?: boolean;
  /** At entry and return, with a word of memory between them (6.13); the program's attach type must say so. */
  readonly session?: boolean;
}

function offsetsBytes(offsets: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(offsets.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, offset] of offsets.entries()) writeU64(view, index * 8, offset);
  return bytes;
}

/**
 * attachUprobeMulti attaches one program to many instructions of a file by one link (6.6). The program must
 * have been loaded with the attach type BPF_TRACE_UPROBE_MULTI (section `uprobe.multi`), or
 * BPF_TRACE_UPROBE_SESSION. Throws BpfError.
 *
 *     using object = loadObject(readObject(bytes)); // SEC("uprobe.multi") int entry(struct pt_regs *ctx)
 *     const where = { path: "/usr/bin/app", offsets: [0x1130, 0x12a0], cookies: [1n, 2n], pid: 4711 };
 *     using link = attachUprobeMulti(object.program("entry"), where);
 *     link.info(); // { kind: "uprobe-multi", path, offsets, cookies, pid, ... }
 */
export function attachUprobeMulti(program: Attachable, options: UprobeMultiOptions): Link {
  const { path, identity, offsets, cookies, refCounters, pid, atReturn, session } = options;
  const what = session ? "uprobe sessions" : atReturn ? "uretprobes" : "uprobes";
  const target = `${offsets.length} ${what} in ${path}`;
  if (offsets.length === 0) throw new BpfError("bad-argument", `no offsets given for uprobes in ${path}`);
  for (const [what, list] of Object.entries({ cookies, refCounters })) {
    if (list !== undefined && list.length !== offsets.length) {
      throw new BpfError("bad-argument", `${list.length} ${what} for ${offsets.length} offsets in ${path}`);
    }
  }
  const values = {
    prog_fd: program.fd,
    attach_type: session ? AttachType.BPF_TRACE_UPROBE_SESSION : AttachType.BPF_TRACE_UPROBE_MULTI,
    uprobe_multi_offsets: offsetsBytes(offsets),
    uprobe_multi_ref_ctr_offsets: refCounters === undefined ? 0 : offsetsBytes(refCounters),
    uprobe_multi_cookies: cookies === undefined ? 0 : new Uint8Array(BigUint64Array.from(cookies).buffer),
    uprobe_multi_cnt: offsets.length,
    uprobe_multi_flags: atReturn ? AT_RETURN : 0,
    uprobe_multi_pid: pid ?? 0,
  };
  const link = withFile(path, identity, (file) =>
    createLink(
      { ...values, uprobe_multi_path: new TextEncoder().encode(`${file}\0`) },
      {
        tried: `attach program "${program.name}" to ${target}`,
        since: session ? "6.13" : "6.6",
        capabilities: ["CAP_PERFMON", "CAP_BPF"],
      },
    ),
  );
  return linkOf("uprobe-multi", target, [link]);
}

/** isStaleProcess tells whether a refusal means that the process or the file has gone meanwhile. */
export function isStaleProcess(error: unknown): boolean {
  return error instanceof BpfError && (error.errno === Errno.ESRCH || error.errno === Errno.ENOENT);
}
