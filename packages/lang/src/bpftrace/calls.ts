import { addressCalls } from "./address-calls.js";
import { isAggregation } from "./aggregate.js";
import { builtin, isBuiltin } from "./builtins.js";
import type { CallRow } from "./call-arguments.js";
import { machineCalls } from "./machine-calls.js";
import { mapCalls } from "./map-calls.js";
import { optionCalls } from "./option-calls.js";
import { packetCalls } from "./packet-calls.js";
import { printCalls } from "./print-calls.js";
import { bad, type State, type Value } from "./state.js";
import { textCalls } from "./text-calls.js";
import { timeCalls } from "./time-calls.js";
import type { CallNode } from "./tree.js";

/** calls are the functions of the language. */
const calls: Readonly<Record<string, CallRow>> = {
  ...printCalls,
  ...mapCalls,
  ...textCalls,
  ...timeCalls,
  ...addressCalls,
  ...machineCalls,
  ...optionCalls,
  ...packetCalls,
};

function unknown(state: State, node: CallNode): Value {
  if (isAggregation(node.name))
    state.report.error(
      "misplaced",
      node,
      `${node.name}() is only known as a map's value`,
      `@x = ${node.name}(…);`,
    );
  else
    state.report.error(
      "undefined",
      node.nameAt,
      `Unknown function: '${node.name}'`,
      `known are ${Object.keys(calls).join(", ")}, and for maps count, sum, avg, min, max, stats, hist, lhist, tseries`,
    );
  return bad;
}

/** call compiles a call; what is a word may be called too: pid(). */
export function call(state: State, node: CallNode): Value {
  const known = Object.hasOwn(calls, node.name) ? calls[node.name] : undefined;
  if (known === undefined) {
    if (node.arguments.length === 0 && isBuiltin(node.name))
      return builtin(state, { kind: "word", name: node.name, start: node.start, end: node.end });
    return unknown(state, node);
  }
  const { length } = node.arguments;
  if (length < known.least || length > known.most) {
    const wanted = known.least === known.most ? `${known.least}` : `${known.least} to ${known.most}`;
    state.report.error(
      "bad-call",
      node,
      `${node.name} takes ${wanted} arguments, ${length} given`,
      known.form,
    );
    return bad;
  }
  return known.compile(state, node);
}
