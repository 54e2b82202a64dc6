import type { Piece } from "../spans/head.js";

// OpenTelemetry's consistent probability sampling
// (https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/): a trace is kept when 56 random bits
// reach a threshold. The upper 32 of them are what the probes compare: shares are exact to 2^-32.
const whole = 2 ** 32;

/** thresholdOf is the threshold (its upper 32 bits) that lets a share of 0 to 1 through; 0 lets everything through. */
export function thresholdOf(share: number): number {
  return Math.min(whole - 1, Math.max(0, Math.round((1 - share) * whole)));
}

/** shareOf is the share of traces that reach a threshold. */
export function shareOf(threshold: number): number {
  return (whole - threshold) / whole;
}

/** weightOf is how many requests one stands for that reached a threshold by itself. */
export function weightOf(threshold: number): number {
  return threshold === 0 ? 1 : whole / (whole - threshold);
}

/** reaches says whether the random bits of a trace id, its last 7 bytes, reach a threshold. */
export function reaches(trace: Uint8Array, at: number, threshold: number): boolean {
  if (threshold === 0) return true;
  let bits = 0;
  for (let i = 9; i < 13; i++) bits = bits * 256 + (trace[at + i] ?? 0);
  return bits >= threshold;
}

const texts = new Map<number, string>();

/** thresholdText is a threshold as a trace state has it: "ot=th:fd70a3d7"; "" for 0. */
export function thresholdText(threshold: number): string {
  if (threshold === 0) return "";
  let text = texts.get(threshold);
  if (text === undefined) {
    // Adaptive sampling makes a new one every second.
    if (texts.size > 4096) texts.clear();
    text = `ot=th:${digitsOf(threshold)}`;
    texts.set(threshold, text);
  }
  return text;
}

const digitsOf = (threshold: number): string => threshold.toString(16).padStart(8, "0").replace(/0+$/, "");

/**
 * readThreshold takes the threshold from a trace state's text; 0 when it has none, or one that is no number. What is below
 * the upper 32 bits is cut off.
 */
export function readThreshold(bytes: Uint8Array, at: Piece): number {
  if (at.start < 0) return 0;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + at.start, at.end - at.start).toString("latin1");
  const found = /(?:^|,)[ \t]*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?:[;,]|$)/.exec(text)?.[1];
  return found === undefined ? 0 : Number.parseInt(found.padEnd(8, "0").slice(0, 8), 16);
}

/** withThreshold puts a threshold into a trace state that came in, which keeps everything else that it says. */
export function withThreshold(state: string, threshold: number): string {
  const own = thresholdText(threshold);
  if (own === "") return state;
  const members = state.split(",").map((member) => member.trim());
  const ours = members.find((member) => member.startsWith("ot="));
  const rest = members.filter((member) => member !== "" && member !== ours);
  const kept = (ours ?? "ot=")
    .slice(3)
    .split(";")
    .filter((field) => field !== "" && !field.startsWith("th:"));
  // Whoever changed a member last stands first (https://www.w3.org/TR/trace-context/#mutating-the-tracestate-field).
  return [[own, ...kept].join(";"), ...rest].join(",");
}
