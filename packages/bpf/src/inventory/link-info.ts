import { kernelBtf } from "../btf/kernel.js";
import { writeU64 } from "../kernel/attr.js";
import { readInfo, textOf } from "../kernel/info.js";
import { addressOf } from "../kernel/syscall.js";
import { AttachType } from "../uapi/attach-types.js";
import { LinkType } from "../uapi/link-types.js";

/** KernelLinkInfo is what the kernel knows of a link. */
export interface KernelLinkInfo {
  readonly id: number;
  /** LinkType number. */
  readonly type: number;
  /** The kernel's name of the type in short: `uprobe_multi`. */
  readonly typeName: string;
  readonly programId: number;
  /** What it is attached to, in words: `tracepoint sys_enter`, `interface 3 xdp`, `uprobe /bin/sh+0x40`. */
  readonly target: string;
}

// struct bpf_link_info, include/uapi/linux/bpf.h, 6.18. The union begins at byte 16.
const INFO_BYTES = 72;
const TEXT_BYTES = 4096;

/** Where the union has a text's address and length, by link type. */
const TEXTS: ReadonlyMap<number, readonly [pointer: number, length: number]> = new Map([
  [LinkType.BPF_LINK_TYPE_RAW_TRACEPOINT, [16, 24]],
  [LinkType.BPF_LINK_TYPE_ITER, [16, 24]],
  [LinkType.BPF_LINK_TYPE_PERF_EVENT, [24, 32]],
  [LinkType.BPF_LINK_TYPE_UPROBE_MULTI, [16, 48]],
]);

// enum bpf_perf_event_type
const PERF_EVENT_KINDS = ["event", "uprobe", "uretprobe", "kprobe", "kretprobe", "tracepoint", "event"];

const TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(LinkType).map(([name, id]) => [id, name.slice("BPF_LINK_TYPE_".length).toLowerCase()]),
);
const ATTACH_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(AttachType).map(([name, id]) => [id, name.slice("BPF_".length).toLowerCase()]),
);

function attachName(type: number): string {
  return ATTACH_NAMES.get(type) ?? `attach type ${type}`;
}

function offsetText(offset: number): string {
  return offset === 0 ? "" : `+0x${offset.toString(16)}`;
}

// The kernel's own types are the first BTF object it makes.
function typeText(object: number, type: number): string {
  if (object === 1) return kernelBtf().name(type);
  return object === 0 ? "" : `type ${type} of BTF ${object}`;
}

function targetOf(type: number, view: DataView, text: string): string {
  const u32 = (at: number): number => view.getUint32(at, true);
  switch (type) {
    case LinkType.BPF_LINK_TYPE_RAW_TRACEPOINT:
      return `tracepoint ${text}`;
    case LinkType.BPF_LINK_TYPE_TRACING:
      return `${attachName(u32(16))} ${typeText(u32(20), u32(24))}`;
    case LinkType.BPF_LINK_TYPE_CGROUP:
      return `cgroup ${view.getBigUint64(16, true)} ${attachName(u32(24))}`;
    case LinkType.BPF_LINK_TYPE_ITER:
      return `iterator ${text}${text.startsWith("bpf_map") && u32(28) !== 0 ? ` of map ${u32(28)}` : ""}`;
    case LinkType.BPF_LINK_TYPE_NETNS:
      return `network namespace ${u32(16)} ${attachName(u32(20))}`;
    case LinkType.BPF_LINK_TYPE_XDP:
      return `interface ${u32(16)} xdp`;
    case LinkType.BPF_LINK_TYPE_TCX:
    case LinkType.BPF_LINK_TYPE_NETKIT:
      return `interface ${u32(16)} ${attachName(u32(20))}`;
    case LinkType.BPF_LINK_TYPE_STRUCT_OPS:
      return `map ${u32(16)}`;
    case LinkType.BPF_LINK_TYPE_SOCKMAP:
      return `map ${u32(16)} ${attachName(u32(20))}`;
    case LinkType.BPF_LINK_TYPE_NETFILTER:
      return `netfilter family ${u32(16)} hook ${u32(20)} priority ${view.getInt32(24, true)}`;
    case LinkType.BPF_LINK_TYPE_KPROBE_MULTI:
      return `${u32(24)} functions of the kernel`;
    case LinkType.BPF_LINK_TYPE_UPROBE_MULTI:
      return `${u32(52)} places in ${text}${u32(60) === 0 ? "" : ` of process ${u32(60)}`}`;
    case LinkType.BPF_LINK_TYPE_PERF_EVENT: {
      const kind = PERF_EVENT_KINDS[u32(16)] ?? "event";
      if (kind === "event") return `perf event ${u32(32)}:${view.getBigUint64(24, true)}`;
      return `${kind} ${text}${kind === "tracepoint" ? "" : offsetText(u32(36))}`;
    }
    default:
      return "";
  }
}

/** linkInfo asks the kernel about a link by descriptor (5.8; perf events 6.6). Throws BpfError. */
export function linkInfo(fd: number): KernelLinkInfo {
  let info = new Uint8Array(INFO_BYTES);
  readInfo(fd, info, "a link");
  let view = new DataView(info.buffer);
  const type = view.getUint32(0, true);
  let text = "";
  const place = TEXTS.get(type);
  // A perf event's struct has no text at that place, but its configuration.
  const kind = PERF_EVENT_KINDS[view.getUint32(16, true)];
  if (place !== undefined && !(type === LinkType.BPF_LINK_TYPE_PERF_EVENT && kind === "event")) {
    const buffer = new Uint8Array(TEXT_BYTES);
    info = new Uint8Array(INFO_BYTES);
    view = new DataView(info.buffer);
    writeU64(view, place[0], addressOf(buffer));
    view.setUint32(place[1], TEXT_BYTES, true);
    readInfo(fd, info, "a link");
    text = textOf(buffer);
  }
  return {
    type,
    typeName: TYPE_NAMES.get(type) ?? `link type ${type}`,
    id: view.getUint32(4, true),
    programId: view.getUint32(8, true),
    target: targetOf(type, view, text),
  };
}
