import type { ProbePlace } from "./script.js";

/** placeName is the probe's name as the builtin `probe` and -v show it. */
export function placeName(place: ProbePlace): string {
  if (place.title !== undefined) return place.title;
  switch (place.kind) {
    case "begin":
    case "end":
      return place.kind;
    case "self":
      return `self:signal:${place.signal}`;
    case "tracepoint":
      return `tracepoint:${place.group}:${place.name}`;
    case "fentry":
    case "fexit":
      return `${place.kind}:${place.module ?? "vmlinux"}:${place.name}`;
    case "uprobe":
    case "uretprobe":
      return `${place.kind}:${place.path}:${place.symbol}${place.offset === 0 ? "" : `+${place.offset}`}`;
    case "usdt":
      return `usdt:${place.path}:${place.provider}:${place.name}`;
    case "watchpoint":
    case "asyncwatchpoint":
      return `${place.kind}:0x${place.address.toString(16)}:${place.length}:${place.mode}`;
    case "interval":
      return timedName("interval", place.period);
    case "profile":
      return place.frequency === undefined
        ? timedName("profile", place.period ?? 0)
        : `profile:hz:${place.frequency}`;
    case "software":
    case "hardware":
      return `${place.kind}:${place.event}:${place.period}`;
    default:
      return `${place.kind}:${place.name}`;
  }
}

function timedName(kind: string, period: number): string {
  if (period % 1e9 === 0) return `${kind}:s:${period / 1e9}`;
  if (period % 1e6 === 0) return `${kind}:ms:${period / 1e6}`;
  return `${kind}:us:${Math.round(period / 1e3)}`;
}
