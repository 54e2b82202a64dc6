import { argument, type Call, type CallRow, literalText, row } from "./call-arguments.js";
import type { Clock } from "./script.js";
import { bad, type Value } from "./state.js";
import { as, integer, scalar } from "./values.js";

const clocks: Readonly<Record<string, { readonly clock: Clock; readonly code: string }>> = {
  monotonic: { clock: "monotonic", code: "bpf.KtimeNS()" },
  boot: { clock: "boot", code: "bpf.BootNS()" },
  tai: { clock: "tai", code: "helpers.KtimeGetTaiNs()" },
  // bpftrace reckons it from another clock for kernels before 6.1.
  sw_tai: { clock: "tai", code: "helpers.KtimeGetTaiNs()" },
};

/** now reads a clock; bpftrace's own is boot. */
export function now(clock: string): (Value & { readonly clock: Clock }) | undefined {
  const found = Object.hasOwn(clocks, clock) ? clocks[clock] : undefined;
  return found === undefined ? undefined : { ...integer(found.code, false), clock: found.clock };
}

const nsecs: Call = (state, node) => {
  const mode = node.arguments[0];
  const name = mode === undefined ? "boot" : mode.kind === "word" ? mode.name : "";
  const found = now(name);
  if (found !== undefined) return found;
  state.report.error(
    "bad-call",
    mode ?? node,
    `Invalid timestamp mode: ${name}`,
    `known are ${Object.keys(clocks).join(", ")}`,
  );
  return bad;
};

const strftime: Call = (state, node) => {
  const format = literalText(state, argument(node, 0), "strftime's format");
  const at = scalar(state, argument(node, 1), "strftime");
  if (format === undefined || at.type.kind === "bad") return bad;
  return { type: { kind: "strftime", format, clock: at.clock ?? "boot" }, code: as(at, false) };
};

/** timeCalls read clocks and write times. */
export const timeCalls: Readonly<Record<string, CallRow>> = {
  nsecs: row(0, 1, "nsecs(boot)", nsecs),
  strftime: row(2, 2, 'strftime("%H:%M:%S", nsecs)', strftime),
};
