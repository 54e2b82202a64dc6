/** Bounds are the numbers a value can be, as texts. */
interface Bounds {
  readonly low: string;
  readonly high: string;
}

function field(state: string, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    // `smin=smin32=-4` gives one value to several names.
    const found = new RegExp(`(?:^|[(,=])${name}=(?:\\w+=)*(-?(?:0x[0-9a-f]+|\\d+))`).exec(state);
    if (found?.[1] !== undefined) return found[1];
  }
  return undefined;
}

// Large numbers are printed in hexadecimal; those of the signed bounds without their sign.
function numberOf(text: string, isSigned: boolean): bigint {
  const negative = text.startsWith("-");
  const value = BigInt(negative ? text.slice(1) : text);
  if (negative) return -value;
  return isSigned ? BigInt.asIntN(64, value) : value;
}

function plain(text: string): string {
  return `${numberOf(text, false)}`;
}

/** boundOf reads one side's bound, the signed one before the unsigned. */
function boundOf(state: string, side: "min" | "max"): bigint | undefined {
  const signed = field(state, `s${side}_value`, `s${side}`);
  if (signed !== undefined) return numberOf(signed, true);
  const unsigned = field(state, `u${side}_value`, `u${side}`, `s${side}32`);
  return unsigned === undefined ? undefined : numberOf(unsigned, false);
}

function boundsOf(state: string, offset = 0n): Bounds | undefined {
  const low = boundOf(state, "min");
  const high = boundOf(state, "max");
  if (low === undefined && high === undefined) return undefined;
  return {
    low: low === undefined ? "the smallest number" : `${low + offset}`,
    high: high === undefined ? "the largest number" : `${high + offset}`,
  };
}

/** isConstant tells whether a state is one known number. */
export function isConstant(state: string): boolean {
  return /^P?-?(0x[0-9a-f]+|\d+)$/.test(state) || /^(inv|scalar)P?-?(0x[0-9a-f]+|\d+)$/.test(state);
}

/** isPointer tells whether a state is a pointer of any kind. */
export function isPointer(state: string): boolean {
  return state !== "" && !isConstant(state) && !/^(inv|scalar)P?(\(|$)/.test(state);
}

function mapOf(state: string): string {
  const name = /[(,]map=([^,)]+)/.exec(state)?.[1];
  return name === undefined ? "a map" : `map "${name}"`;
}

/**
 * describeState says in words what the verifier knows of a register: `a number from 0 to 255`. `nil` is the
 * language's word for a null pointer.
 */
export function describeState(state: string, nil = "null"): string {
  if (isConstant(state)) {
    const value = plain(state.replace(/^(inv|scalar)?P?/, ""));
    return value === "0" ? `the number 0 (${nil})` : `the number ${value}`;
  }
  if (/^(inv|scalar)P?(\(|$)/.test(state)) {
    const bounds = boundsOf(state);
    return bounds === undefined
      ? "a number of which nothing is known"
      : `a number from ${bounds.low} to ${bounds.high}`;
  }
  return `${describePointer(state)}${distanceOf(state)}${state.includes("_or_null") ? `, or ${nil}` : ""}`;
}

/** distanceOf says how far from its start a pointer points, "" when it is there. */
function distanceOf(state: string): string {
  if (/^(pkt_end|map_ptr)/.test(state)) return "";
  const fixed = numberOf(field(state, "off") ?? /^fp(-?\d+)/.exec(state)?.[1] ?? "0", false);
  const bounds = boundsOf(state, fixed);
  if (bounds !== undefined) return `, at an offset from ${bounds.low} to ${bounds.high}`;
  return fixed === 0n ? "" : `, at offset ${fixed}`;
}

function describePointer(state: string): string {
  const [kind = ""] = state.split("(");
  if (kind.startsWith("map_value")) return `a pointer to a value of ${mapOf(state)}`;
  if (kind === "map_ptr") return mapOf(state);
  if (kind === "map_key") return `a pointer to a key of ${mapOf(state)}`;
  if (kind.startsWith("ctx")) return "the context";
  if (kind === "pkt_end") return "the packet's end";
  if (kind.startsWith("pkt")) {
    const checked = field(state, "r") ?? "0";
    return `a pointer into the packet, ${checked === "0" ? "none of it" : `${checked} bytes of it`} checked`;
  }
  if (/^fp/.test(kind)) return `a pointer to the stack`;
  if (kind.includes("ringbuf_mem")) return `a record of a ring buffer`;
  if (kind.includes("mem")) return `a pointer to memory`;
  const struct = /ptr_(?:or_null_)?(\w+)$/.exec(kind)?.[1];
  if (struct !== undefined) return `a pointer to the kernel's ${struct}`;
  return `${kind}`;
}
