import { HelperFunction } from "@go3s/bpf";
import type { Value } from "../ir/ir.js";
import { sizeOf } from "../types/type.js";
import {
  argument,
  type Context,
  destination,
  type Lowering,
  plain,
  scalarAt,
  targetAt,
  wideAt,
} from "./builtin.js";
import { textAddress } from "./bytes.js";
import { refuse } from "./state.js";

interface Format {
  readonly text: Value;
  readonly size: Value;
}

function formatAt(c: Context, index: number): Format {
  const { b } = c.low;
  const value = c.low.shared.checked.constants.get(argument(c, index).id);
  const text = typeof value === "string" ? value : "";
  return { text: textAddress(c.low, text), size: b.constant(BigInt(text.length + 1)) };
}

/** words puts the values behind a format into memory, as the helpers take any number of them. */
function words(c: Context, from: number): { address: Value; size: Value; end: () => void } {
  const { b } = c.low;
  const count = c.expr.arguments.length - from;
  if (count === 0) return { address: b.constant(0n), size: b.constant(0n), end: () => {} };
  const found = Array.from({ length: count }, (_, i) => wideAt(c, from + i));
  const slot = b.slot(count * 8, "", true);
  found.forEach((value, i) => void b.store(b.slotAddress(slot, i * 8), 0, 8, value));
  const end = (): void => {
    slot.to = b.clock();
  };
  return { address: b.slotAddress(slot), size: b.constant(BigInt(count * 8)), end };
}

/** printk takes three values in registers (any kernel); more go through memory (bpf_trace_vprintk, kernel 5.16). */
const printk: Lowering = (c) => {
  const { b } = c.low;
  const { text, size } = formatAt(c, 0);
  let code: Value;
  if (c.expr.arguments.length <= 4) {
    const values = c.expr.arguments.slice(1).map((_, i) => wideAt(c, i + 1));
    b.at = c.expr;
    code = b.call(HelperFunction.trace_printk, [text, size, ...values]);
  } else {
    const data = words(c, 1);
    b.at = c.expr;
    code = b.call(HelperFunction.trace_vprintk, [text, size, data.address, data.size]);
    data.end();
  }
  return plain(b.unary("trunc", code, 32));
};

const snprintf: Lowering = (c) => {
  const { b } = c.low;
  const to = destination(c);
  const capacity = b.constant(BigInt(sizeOf(targetAt(c, 0))));
  const { text } = formatAt(c, 1);
  const data = words(c, 2);
  b.at = c.expr;
  const code = b.call(HelperFunction.snprintf, [to, capacity, text, data.address, data.size]);
  data.end();
  return plain(code);
};

/** known is an object that the verifier knows. */
function known(c: Context, index: number): Value {
  const given = scalarAt(c, index);
  if (given.space !== "btf")
    refuse(
      c.low,
      "address-space",
      argument(c, index),
      `the verifier does not know this object: it is ${given.space} memory`,
      "take it from the hook's arguments",
    );
  return given.value;
}

const seqPrintf: Lowering = (c) => {
  const { b } = c.low;
  const seq = known(c, 0);
  const { text, size } = formatAt(c, 1);
  const data = words(c, 2);
  b.at = c.expr;
  const code = b.call(HelperFunction.seq_printf, [seq, text, size, data.address, data.size]);
  data.end();
  return plain(code);
};

const signal =
  (helper: number): Lowering =>
  (c) => {
    const number = wideAt(c, 0);
    c.low.b.at = c.expr;
    return plain(c.low.b.call(helper, [number]));
  };

/** printLowerings write, compare and find texts; and send signals. */
export const printLowerings: Readonly<Record<string, Lowering>> = {
  Printk: printk,
  Snprintf: snprintf,
  SeqPrintf: seqPrintf,
  Strncmp: (c) => {
    const { b } = c.low;
    const bytes = destination(c);
    const size = b.constant(BigInt(sizeOf(targetAt(c, 0))));
    const { text } = formatAt(c, 1);
    b.at = c.expr;
    return plain(b.unary("trunc", b.call(HelperFunction.strncmp, [bytes, size, text]), 32));
  },
  CopyFromUser: (c) => {
    const { b } = c.low;
    const to = destination(c);
    const size = b.constant(BigInt(sizeOf(targetAt(c, 0))));
    const from = wideAt(c, 1);
    b.at = c.expr;
    return plain(b.call(HelperFunction.copy_from_user, [to, size, from]));
  },
  DPath: (c) => {
    const { b } = c.low;
    const path = known(c, 0);
    const buffer = scalarAt(c, 1).value;
    const size = b.constant(BigInt(sizeOf(targetAt(c, 1))));
    b.at = c.expr;
    return plain(b.call(HelperFunction.d_path, [path, buffer, size]));
  },
  Signal: signal(HelperFunction.send_signal),
  SignalThread: signal(HelperFunction.send_signal_thread),
};
