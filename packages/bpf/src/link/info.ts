import { writeU64 } from "../kernel/attr.js";
import { readInfo, textOf } from "../kernel/info.js";
import { addressOf } from "../kernel/syscall.js";
import { LinkType } from "../uapi/link-types.js";

/** LinkDetails are what the kernel tells of a link by its type; attach types are AttachType numbers. */
export type LinkDetails =
  | { readonly kind: "raw-tracepoint"; readonly tracepoint: string; readonly cookie: bigint }
  | {
      readonly kind: "tracing";
      readonly attachType: number;
      /** The BTF object (1 for the kernel's own) or the program it attaches to, and the type in it. */
      readonly targetObjectId: number;
      readonly targetBtfId: number;
      readonly cookie: bigint;
    }
  | { readonly kind: "cgroup"; readonly cgroupId: bigint; readonly attachType: number }
  | {
      readonly kind: "iterator";
      readonly iterator: string;
      /** What it was narrowed to; 0 for what it was not. */
      readonly mapId: number;
      readonly threadId: number;
      readonly processId: number;
      readonly cgroupId: bigint;
    }
  | { readonly kind: "netns"; readonly namespaceInode: number; readonly attachType: number }
  /** The interface is 0 once it is gone. */
  | { readonly kind: "xdp"; readonly interfaceIndex: number }
  | { readonly kind: "tcx" | "netkit"; readonly interfaceIndex: number; readonly attachType: number }
  | { readonly kind: "struct-ops"; readonly mapId: number }
  | { readonly kind: "sockmap"; readonly mapId: number; readonly attachType: number }
  | {
      readonly kind: "netfilter";
      readonly family: number;
      readonly hook: number;
      readonly priority: number;
      readonly flags: number;
    }
  | { readonly kind: "kprobe-multi"; readonly count: number; readonly flags: number; readonly missed: bigint }
  | {
      readonly kind: "uprobe-multi";
      readonly path: string;
      readonly offsets: readonly number[];
      readonly refCounters: readonly number[];
      readonly cookies: readonly bigint[];
      readonly flags: number;
      readonly pid: number;
    }
  | {
      readonly kind: "uprobe";
      readonly path: string;
      readonly offset: number;
      readonly atReturn: boolean;
      readonly cookie: bigint;
      readonly refCounter: number;
    }
  | {
      readonly kind: "kprobe";
      readonly symbol: string;
      readonly offset: number;
      readonly atReturn: boolean;
      readonly missed: bigint;
      readonly cookie: bigint;
    }
  | { readonly kind: "tracepoint"; readonly tracepoint: string; readonly cookie: bigint }
  | { readonly kind: "perf-event"; readonly type: number; readonly config: bigint; readonly cookie: bigint }
  /** A link type newer than this package. */
  | { readonly kind: "other" };

/** LinkInfo is what the kernel knows of a link. `id` is the link's, 0 for an attachment that is no link. */
export type LinkInfo = {
  readonly id: number;
  /** LinkType number. */
  readonly type: number;
  readonly programId: number;
} & LinkDetails;

// struct bpf_link_info, include/uapi/linux/bpf.h, 6.18. The union begins at byte 16.
const INFO_BYTES = 72;
const TEXT_BYTES = 4096;

// enum bpf_perf_event_type
const PERF_UPROBE = 1;
const PERF_URETPROBE = 2;
const PERF_KPROBE = 3;
const PERF_KRETPROBE = 4;
const PERF_TRACEPOINT = 5;

class Reader {
  readonly #fd: number;
  readonly #bytes = new Uint8Array(INFO_BYTES);
  readonly view = new DataView(this.#bytes.buffer);

  constructor(fd: number) {
    this.#fd = fd;
    readInfo(fd, this.#bytes, "a link");
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  u64(at: number): bigint {
    return this.view.getBigUint64(at, true);
  }

  /** text asks again with room for a text, whose address and length stand at these places. */
  text(pointer: number, length: number): string {
    const buffer = new Uint8Array(TEXT_BYTES);
    this.#again(() => {
      writeU64(this.view, pointer, addressOf(buffer));
      this.view.setUint32(length, TEXT_BYTES, true);
    });
    return textOf(buffer);
  }

  /** lists asks again with room for `count` 64-bit numbers at each of these places. */
  lists(places: readonly number[], countAt: number, count: number): BigUint64Array[] {
    const buffers = places.map(() => new BigUint64Array(count));
    if (count === 0) return buffers;
    this.#again(() => {
      for (const [index, place] of places.entries()) {
        const buffer = buffers[index];
        if (buffer !== undefined) writeU64(this.view, place, addressOf(buffer));
      }
      this.view.setUint32(countAt, count, true);
    });
    return buffers;
  }

  #again(prepare: () => void): void {
    this.#bytes.fill(0);
    prepare();
    readInfo(this.#fd, this.#bytes, "a link");
  }
}

function perfEvent(reader: Reader): LinkDetails {
  const event = reader.u32(16);
  switch (event) {
    case PERF_UPROBE:
    case PERF_URETPROBE: {
      const path = reader.text(24, 32);
      return {
        kind: "uprobe",
        path,
        offset: reader.u32(36),
        atReturn: event === PERF_URETPROBE,
        cookie: reader.u64(40),
        refCounter: Number(reader.u64(48)),
      };
    }
    case PERF_KPROBE:
    case PERF_KRETPROBE: {
      const symbol = reader.text(24, 32);
      return {
        kind: "kprobe",
        symbol,
        offset: reader.u32(36),
        atReturn: event === PERF_KRETPROBE,
        missed: reader.u64(48),
        cookie: reader.u64(56),
      };
    }
    case PERF_TRACEPOINT:
      return { kind: "tracepoint", tracepoint: reader.text(24, 32), cookie: reader.u64(40) };
    default:
      return { kind: "perf-event", type: reader.u32(32), config: reader.u64(24), cookie: reader.u64(40) };
  }
}

function uprobeMulti(reader: Reader): LinkDetails {
  const count = reader.u32(52);
  const [offsets, refCounters, cookies] = reader.lists([24, 32, 40], 52, count);
  const path = reader.text(16, 48);
  return {
    kind: "uprobe-multi",
    path,
    offsets: Array.from(offsets ?? [], Number),
    refCounters: Array.from(refCounters ?? [], Number),
    cookies: [...(cookies ?? [])],
    flags: reader.u32(56),
    pid: reader.u32(60),
  };
}

function iterator(reader: Reader): LinkDetails {
  const name = reader.text(16, 24);
  const isTask = name.startsWith("task");
  return {
    kind: "iterator",
    iterator: name,
    mapId: name.startsWith("bpf_map_elem") || name.startsWith("bpf_sk_storage") ? reader.u32(28) : 0,
    threadId: isTask ? reader.u32(32) : 0,
    processId: isTask ? reader.u32(36) : 0,
    cgroupId: name === "cgroup" ? reader.u64(32) : 0n,
  };
}

function detailsOf(type: number, reader: Reader): LinkDetails {
  switch (type) {
    case LinkType.BPF_LINK_TYPE_RAW_TRACEPOINT: {
      const tracepoint = reader.text(16, 24);
      return { kind: "raw-tracepoint", tracepoint, cookie: reader.u64(32) };
    }
    case LinkType.BPF_LINK_TYPE_TRACING:
      return {
        kind: "tracing",
        attachType: reader.u32(16),
        targetObjectId: reader.u32(20),
        targetBtfId: reader.u32(24),
        cookie: reader.u64(32),
      };
    case LinkType.BPF_LINK_TYPE_CGROUP:
      return { kind: "cgroup", cgroupId: reader.u64(16), attachType: reader.u32(24) };
    case LinkType.BPF_LINK_TYPE_ITER:
      return iterator(reader);
    case LinkType.BPF_LINK_TYPE_NETNS:
      return { kind: "netns", namespaceInode: reader.u32(16), attachType: reader.u32(20) };
    case LinkType.BPF_LINK_TYPE_XDP:
      return { kind: "xdp", interfaceIndex: reader.u32(16) };
    case LinkType.BPF_LINK_TYPE_TCX:
      return { kind: "tcx", interfaceIndex: reader.u32(16), attachType: reader.u32(20) };
    case LinkType.BPF_LINK_TYPE_NETKIT:
      return { kind: "netkit", interfaceIndex: reader.u32(16), attachType: reader.u32(20) };
    case LinkType.BPF_LINK_TYPE_STRUCT_OPS:
      return { kind: "struct-ops", mapId: reader.u32(16) };
    case LinkType.BPF_LINK_TYPE_SOCKMAP:
      return { kind: "sockmap", mapId: reader.u32(16), attachType: reader.u32(20) };
    case LinkType.BPF_LINK_TYPE_NETFILTER:
      return {
        kind: "netfilter",
        family: reader.u32(16),
        hook: reader.u32(20),
        priority: reader.view.getInt32(24, true),
        flags: reader.u32(28),
      };
    case LinkType.BPF_LINK_TYPE_KPROBE_MULTI:
      return { kind: "kprobe-multi", count: reader.u32(24), flags: reader.u32(28), missed: reader.u64(32) };
    case LinkType.BPF_LINK_TYPE_UPROBE_MULTI:
      return uprobeMulti(reader);
    case LinkType.BPF_LINK_TYPE_PERF_EVENT:
      return perfEvent(reader);
    default:
      return { kind: "other" };
  }
}

/** readLinkInfo asks the kernel about a link by descriptor (5.8; the details of perf events 6.6). Throws BpfError. */
export function readLinkInfo(fd: number): LinkInfo {
  const reader = new Reader(fd);
  const [type, id, programId] = [reader.u32(0), reader.u32(4), reader.u32(8)];
  return { id, type, programId, ...detailsOf(type, reader) };
}
