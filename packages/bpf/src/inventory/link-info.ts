import { kernelBtf } from "../btf/kernel.js";
import { type LinkInfo, readLinkInfo } from "../link/info.js";
import { AttachType } from "../uapi/attach-types.js";
import { LinkType } from "../uapi/link-types.js";

/** KernelLinkInfo is what the kernel knows of a link. */
export type KernelLinkInfo = LinkInfo & {
  /** The kernel's name of the type in short: `uprobe_multi`. */
  readonly typeName: string;
  /** What it is attached to, in words: `tracepoint sys_enter`, `interface 3 xdp`, `uprobe /bin/sh+0x40`. */
  readonly target: string;
};

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

function targetOf(info: LinkInfo): string {
  switch (info.kind) {
    case "raw-tracepoint":
    case "tracepoint":
      return `tracepoint ${info.tracepoint}`;
    case "tracing":
      return `${attachName(info.attachType)} ${typeText(info.targetObjectId, info.targetBtfId)}`;
    case "cgroup":
      return `cgroup ${info.cgroupId} ${attachName(info.attachType)}`;
    case "iterator":
      return `iterator ${info.iterator}${info.mapId === 0 ? "" : ` of map ${info.mapId}`}`;
    case "netns":
      return `network namespace ${info.namespaceInode} ${attachName(info.attachType)}`;
    case "xdp":
      return `interface ${info.interfaceIndex} xdp`;
    case "tcx":
    case "netkit":
      return `interface ${info.interfaceIndex} ${attachName(info.attachType)}`;
    case "struct-ops":
      return `map ${info.mapId}`;
    case "sockmap":
      return `map ${info.mapId} ${attachName(info.attachType)}`;
    case "netfilter":
      return `netfilter family ${info.family} hook ${info.hook} priority ${info.priority}`;
    case "kprobe-multi":
      return `${info.count} functions of the kernel`;
    case "uprobe-multi":
      return `${info.offsets.length} places in ${info.path}${info.pid === 0 ? "" : ` of process ${info.pid}`}`;
    case "uprobe":
      return `${info.atReturn ? "uretprobe" : "uprobe"} ${info.path}${offsetText(info.offset)}`;
    case "kprobe":
      return `${info.atReturn ? "kretprobe" : "kprobe"} ${info.symbol}${offsetText(info.offset)}`;
    case "perf-event":
      return `perf event ${info.type}:${info.config}`;
    default:
      return "";
  }
}

/** linkInfo asks the kernel about a link by descriptor (5.8; perf events 6.6). Throws BpfError. */
export function linkInfo(fd: number): KernelLinkInfo {
  const info = readLinkInfo(fd);
  const { type } = info;
  return { ...info, typeName: TYPE_NAMES.get(type) ?? `link type ${type}`, target: targetOf(info) };
}
