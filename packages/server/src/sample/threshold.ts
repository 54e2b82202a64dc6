/*
 * OpenTelemetry's consistent probability sampling (specification: "TraceState: Probability Sampling"): a trace's randomness R are
 * the last 56 bits of its id, or `rv` in the trace state's `ot` member; it is sampled when R >= T, the rejection threshold.
 * Whoever uses the same ratio gives a trace the same verdict; `ot=th:` tells readers that a span stands for 2^56 / (2^56 - T).
 */

/** Threshold is a rejection threshold of 56 bits, in two halves: `hi` has 24 bits. */
export interface Threshold {
  readonly hi: number;
  readonly lo: number;
  /** text is what stands behind `th:`: hexadecimal, without the zeros at its end. */
  readonly text: string;
}

const digits = 14;

/** thresholdOf gives the threshold that keeps a share of all traces, more than 0 and at most 1. */
export function thresholdOf(ratio: number): Threshold {
  const kept = BigInt(Math.max(1, Math.round(ratio * 2 ** 56)));
  const rejected = 2n ** 56n - kept;
  const text = rejected.toString(16).padStart(digits, "0").replace(/0+$/, "");
  return { hi: Number(rejected >> 32n), lo: Number(rejected & 0xffff_ffffn), text: text === "" ? "0" : text };
}

/** isSampled gives the verdict for the trace id that begins at `at`; the trace state, when there is one, may bring its own randomness. */
export function isSampled(threshold: Threshold, view: DataView, at: number, state: string): boolean {
  const own = state === "" ? undefined : memberOf(state, "rv");
  if (own !== undefined && own.length === digits) {
    const hi = Number.parseInt(own.slice(0, 6), 16);
    return isAtLeast(hi, Number.parseInt(own.slice(6), 16), threshold);
  }
  return isAtLeast(view.getUint32(at + 8, false) & 0xff_ffff, view.getUint32(at + 12, false), threshold);
}

function isAtLeast(hi: number, lo: number, threshold: Threshold): boolean {
  return hi > threshold.hi || (hi === threshold.hi && lo >= threshold.lo);
}

/** memberOf gives a value of the trace state's `ot` member, hexadecimal digits only. */
function memberOf(state: string, key: "rv" | "th"): string | undefined {
  const pairs = otelOf(state)?.split(";") ?? [];
  const value = pairs.find((pair) => pair.startsWith(`${key}:`))?.slice(key.length + 1);
  return value !== undefined && /^[0-9a-f]{1,14}$/.test(value) ? value : undefined;
}

function otelOf(state: string): string | undefined {
  return state
    .split(",")
    .map((member) => member.trim())
    .find((member) => member.startsWith("ot="))
    ?.slice("ot=".length);
}

/**
 * withThreshold gives the trace state that tells of this sampling. One that tells of a stricter one before is left as it is:
 * what passed that stands for more already.
 */
export function withThreshold(state: string, { text }: Threshold): string {
  if (state === "") return `ot=th:${text}`;
  const before = memberOf(state, "th");
  if (before !== undefined && before.padEnd(digits, "0") >= text.padEnd(digits, "0")) return state;
  const rest = (otelOf(state) ?? "").split(";").filter((pair) => pair !== "" && !pair.startsWith("th:"));
  const others = state
    .split(",")
    .filter((member) => member.trim() !== "" && !member.trim().startsWith("ot="));
  // What was changed stands first (W3C Trace Context, section 3.5).
  return [`ot=${[`th:${text}`, ...rest].join(";")}`, ...others].join(",");
}
