import { argument, type Call, type CallRow, literalText, row } from "./call-arguments.js";
import type { ScriptOption } from "./script.js";
import { bad, type State, type Value } from "./state.js";
import { textLiteral } from "./text.js";
import type { Node } from "./tree.js";
import { literal } from "./values.js";

const yes = /^(?:1|true)$/i;
const no = /^(?:0|false)$/i;
const integer = /^-?(?:\d+|0x[0-9a-fA-F]+)$/;

/** fits tells whether what was given for an option is of its kind. */
export function fits(type: ScriptOption["type"], value: string): boolean {
  if (type === "text") return true;
  return type === "int" ? integer.test(value) : value === "" || yes.test(value) || no.test(value);
}

const word = (state: State, node: Node, is: boolean): Value =>
  state.evaluate(state, { kind: "word", name: is ? "true" : "false", start: node.start, end: node.end });

const toInteger = (text: string): bigint => (text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text));

/** getopt is an option of the script: what stands behind `--` on the command line, or the default. */
const getopt: Call = (state, node) => {
  const name = literalText(state, argument(node, 0), "getopt's name");
  const [, otherwise, about] = node.arguments;
  const described = about === undefined ? "" : literalText(state, about, "getopt's description");
  if (name === undefined || described === undefined) return bad;
  const value = otherwise === undefined ? undefined : state.evaluate(state, otherwise);
  const isBool =
    otherwise === undefined || (otherwise.kind === "word" && /^(?:true|false)$/.test(otherwise.name));
  const { constant } = value ?? {};
  const type = isBool ? "bool" : typeof constant === "string" ? "text" : "int";
  if (!isBool && constant === undefined) {
    if (value?.type.kind !== "bad")
      state.report.error("not-constant", otherwise ?? node, "getopt's default must be a literal");
    return bad;
  }
  state.asked.options.set(name, { name, type, description: described });
  const given = state.limits.named.findLast((each) => each === name || each.startsWith(`${name}=`));
  const text = given === undefined ? undefined : given.slice(name.length + 1);
  if (text === undefined || !fits(type, text)) return value ?? word(state, node, false);
  if (type === "text") return textLiteral(state, text);
  if (type === "bool") return word(state, node, !no.test(text));
  return literal(toInteger(text));
};

/** optionCalls read what the script was started with. */
export const optionCalls: Readonly<Record<string, CallRow>> = {
  getopt: row(1, 3, 'getopt("limit", 10)', getopt),
};
