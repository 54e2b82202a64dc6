import { closeSync, readSync } from "node:fs";
import { BpfError } from "../errors.js";
import { ITER_CREATE_ATTR } from "../kernel/attr.generated.js";
import { bpf } from "../kernel/bpf.js";
import { failure } from "../kernel/failure.js";
import { AttachType } from "../uapi/attach-types.js";
import { type Attachable, createLink, type Link, linkOf } from "./link.js";

const CHUNK_BYTES = 64 * 1024;

/** attachIterator attaches an iterator program (section `iter/task`, `iter/tcp`, 5.8); readIterator runs it. */
export function attachIterator(program: Attachable): Link {
  const tried = `attach iterator "${program.name}"`;
  const values = { prog_fd: program.fd, attach_type: AttachType.BPF_TRACE_ITER };
  const link = createLink(values, { tried, since: "5.8", capabilities: ["CAP_BPF", "CAP_PERFMON"] });
  return linkOf("iterator", program.name, [link]);
}

/** readIterator runs an iterator over everything once and gives what its program wrote. Throws BpfError. */
export function readIterator(link: Link): Buffer {
  const [linkFd] = link.fds;
  if (linkFd === undefined) throw new BpfError("closed", `iterator ${link.target} was used after close()`);
  const fd = bpf("BPF_ITER_CREATE", ITER_CREATE_ATTR, { link_fd: linkFd });
  if (fd < 0) throw failure(-fd, { call: "BPF_ITER_CREATE", tried: `run ${link.target}`, since: "5.8" });
  const chunks: Buffer[] = [];
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      const length = readSync(fd, chunk, 0, CHUNK_BYTES, null);
      if (length === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, length));
    }
  } finally {
    closeSync(fd);
  }
}
