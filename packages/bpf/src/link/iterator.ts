import { closeSync, readSync } from "node:fs";
import { BpfError } from "../errors.js";
import { ITER_CREATE_ATTR } from "../kernel/attr.generated.js";
import { bpf } from "../kernel/bpf.js";
import { Errno } from "../kernel/errno.js";
import { failure } from "../kernel/failure.js";
import type { Descriptor } from "../kernel/fd.js";
import { openPath } from "../kernel/open.js";
import { AttachType } from "../uapi/attach-types.js";
import { type Attachable, createLink, type Link, linkOf } from "./link.js";

const CHUNK_BYTES = 64 * 1024;

/** IteratorScope narrows an iterator to a part; each is for the iterators that have it. */
export type IteratorScope =
  /** iter/bpf_map_elem and iter/bpf_sk_storage_map: the map to walk, which they must have (5.9). */
  | { readonly map: { readonly fd: number } }
  /** iter/task, task_file, task_vma: one thread, or all threads of one process (6.1). */
  | { readonly threadId: number }
  | { readonly processId: number }
  /** iter/cgroup: a cgroup's folder, alone or with what is below or above it (6.1). */
  | { readonly cgroup: string; readonly order?: keyof typeof CgroupOrder };

/** CgroupOrder says which cgroups are walked, in which order. Source: enum bpf_cgroup_iter_order. */
export const CgroupOrder = { self: 1, descendantsFirst: 3, parentsFirst: 2, ancestors: 4 } as const;

// union bpf_iter_link_info, include/uapi/linux/bpf.h
const SCOPE_BYTES = 16;

function scopeBytes(scope: IteratorScope, owned: Descriptor[]): Uint8Array {
  const bytes = new Uint8Array(SCOPE_BYTES);
  const view = new DataView(bytes.buffer);
  if ("map" in scope) view.setUint32(0, scope.map.fd, true);
  else if ("threadId" in scope) view.setUint32(0, scope.threadId, true);
  else if ("processId" in scope) view.setUint32(4, scope.processId, true);
  else {
    const folder = openPath(scope.cgroup, "cgroup");
    owned.push(folder);
    view.setUint32(0, CgroupOrder[scope.order ?? "self"], true);
    view.setUint32(4, folder.number, true);
  }
  return bytes;
}

/**
 * attachIterator attaches an iterator program (5.8) to all there is or to a part; readIterator runs it.
 *
 *     using object = loadObject(readObject(bytes)); // SEC("iter/task") int dump(struct bpf_iter__task *ctx)
 *     using link = attachIterator(object.program("dump"), { processId: 4711 });
 *     const text = readIterator(link).toString(); // what the program wrote with bpf_seq_printf
 */
export function attachIterator(program: Attachable, scope?: IteratorScope): Link {
  const tried = `attach iterator "${program.name}"`;
  const owned: Descriptor[] = [];
  try {
    const info = scope === undefined ? undefined : scopeBytes(scope, owned);
    const values = {
      prog_fd: program.fd,
      attach_type: AttachType.BPF_TRACE_ITER,
      iter_info: info,
      iter_info_len: info?.length,
    };
    const link = createLink(values, {
      tried,
      since: scope === undefined ? "5.8" : "map" in scope ? "5.9" : "6.1",
      capabilities: ["CAP_BPF", "CAP_PERFMON"],
      hint: (errno) => {
        if (errno === Errno.EBADF) return "iterators over a map's elements need a scope that names the map";
        return errno === Errno.EINVAL ? "this iterator cannot be narrowed in that way" : undefined;
      },
    });
    return linkOf("iterator", program.name, [link]);
  } finally {
    for (const descriptor of owned) descriptor.close();
  }
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
  } catch (error) {
    // What the program refuses while it runs, and memory that there is not, come as the read's errno.
    if (!(error instanceof Error && "errno" in error && typeof error.errno === "number")) throw error;
    throw failure(-error.errno, { call: "read", tried: `run ${link.target}` });
  } finally {
    closeSync(fd);
  }
}
