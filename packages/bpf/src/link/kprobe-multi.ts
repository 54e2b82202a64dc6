import { BpfError } from "../errors.js";
import { writeU64 } from "../kernel/attr.js";
import { Errno } from "../kernel/errno.js";
import { addressOf } from "../kernel/syscall.js";
import { AttachType } from "../uapi/attach-types.js";
import { type Attachable, createLink, type Link, linkOf } from "./link.js";

// BPF_F_KPROBE_MULTI_RETURN, include/uapi/linux/bpf.h
const AT_RETURN = 1;

/** KprobeMultiOptions say which functions of the kernel, by name or by address. */
export interface KprobeMultiOptions {
  readonly symbols?: readonly string[];
  readonly addresses?: readonly bigint[];
  /** What bpf_get_attach_cookie() gives for each. */
  readonly cookies?: readonly bigint[];
  readonly atReturn?: boolean;
  /** At entry and return, with a word of memory between them (6.13); the program's attach type must say so. */
  readonly session?: boolean;
}

/**
 * attachKprobeMulti attaches one program to many functions of the kernel by one link (5.18, CONFIG_FPROBE). The
 * program must have been loaded with the attach type BPF_TRACE_KPROBE_MULTI (section `kprobe.multi`), or
 * BPF_TRACE_KPROBE_SESSION. Throws BpfError `not-supported` where the kernel is built without.
 *
 *     using object = loadObject(readObject(bytes)); // SEC("kprobe.multi") int entry(struct pt_regs *ctx)
 *     const where = { symbols: ["tcp_sendmsg", "tcp_recvmsg"], cookies: [1n, 2n] };
 *     using link = attachKprobeMulti(object.program("entry"), where);
 */
export function attachKprobeMulti(program: Attachable, options: KprobeMultiOptions): Link {
  const { symbols, addresses, cookies, atReturn, session } = options;
  const count = symbols?.length ?? addresses?.length ?? 0;
  if (count === 0 || (symbols !== undefined && addresses !== undefined)) {
    throw new BpfError("bad-argument", "give the functions by symbols or by addresses, at least one");
  }
  if (cookies !== undefined && cookies.length !== count) {
    throw new BpfError("bad-argument", `${cookies.length} cookies for ${count} functions of the kernel`);
  }
  const name = session ? "kprobe session" : atReturn ? "kretprobe.multi" : "kprobe.multi";
  const target = `${name} of ${count === 1 && symbols !== undefined ? symbols[0] : `${count} functions`}`;
  const names = new TextEncoder().encode((symbols ?? []).map((symbol) => `${symbol}\0`).join(""));
  const pointers = new Uint8Array((symbols?.length ?? 0) * 8);
  const view = new DataView(pointers.buffer);
  const start = addressOf(names);
  for (let index = 0, at = 0; index * 8 < pointers.length; index++, at = names.indexOf(0, at) + 1) {
    writeU64(view, index * 8, start + at);
  }
  const link = createLink(
    {
      prog_fd: program.fd,
      attach_type: session ? AttachType.BPF_TRACE_KPROBE_SESSION : AttachType.BPF_TRACE_KPROBE_MULTI,
      kprobe_multi_flags: atReturn ? AT_RETURN : 0,
      kprobe_multi_cnt: count,
      kprobe_multi_syms: symbols === undefined ? 0 : pointers,
      kprobe_multi_addrs: addresses === undefined ? 0 : BigUint64Array.from(addresses),
      kprobe_multi_cookies: cookies === undefined ? 0 : BigUint64Array.from(cookies),
    },
    {
      tried: `attach program "${program.name}" to ${target}`,
      since: session ? "6.13" : "5.18",
      capabilities: ["CAP_PERFMON", "CAP_BPF"],
      hint: (errno) => {
        if (errno === Errno.EOPNOTSUPP)
          return "the kernel must be built with CONFIG_FPROBE=y and CONFIG_KPROBES=y";
        if (errno === Errno.ESRCH || errno === Errno.ENOENT)
          return "this kernel has no function of one of the names, or it cannot be probed";
        return undefined;
      },
    },
  );
  return linkOf("kprobe-multi", target, [link]);
}
