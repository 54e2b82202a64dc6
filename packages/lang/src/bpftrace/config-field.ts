import { configValue } from "./config.js";
import { bad, type State, type Value } from "./state.js";
import { textLiteral } from "./text.js";
import type { FieldNode } from "./tree.js";
import { literal } from "./values.js";

/** configField is a setting of the script: config().max_strlen. */
export function configField(state: State, node: FieldNode): Value | undefined {
  const { object } = node;
  const isConfig = (object.kind === "call" && object.arguments.length === 0) || object.kind === "word";
  if (!isConfig || !/^(?:__builtin_)?config$/.test(object.name)) return undefined;
  const value = configValue(state.limits.config, node.name);
  if (typeof value === "string") return textLiteral(state, value);
  if (typeof value === "number") return literal(BigInt(value));
  if (typeof value === "boolean")
    return state.evaluate(state, { kind: "word", name: String(value), start: node.start, end: node.end });
  state.report.error("no-field", node.nameAt, `${node.name}: not a known configuration option`);
  return bad;
}
