import type { UsdtArgument } from "@go3s/binary";
import type { UsdtLayout } from "./script.js";
import { bad, fresh, type State, type Value } from "./state.js";
import type { Node } from "./tree.js";
import { integer } from "./values.js";

/** register is the method of a uprobe's context that reads a register: rdi is ctx.Rdi(), x3 ctx.X3(). */
function register(name: string): string | undefined {
  if (name === "sp") return "ctx.SP()";
  if (name === "pc") return "ctx.IP()";
  return /^(?:r(?:1?\d|[a-d]x|[sd]i|[bsi]p)|x\d+)$/.test(name)
    ? `ctx.${name.charAt(0).toUpperCase()}${name.slice(1)}()`
    : undefined;
}

/** addressOf is where a memory argument stands; undefined when the program does not know. */
function addressOf(argument: UsdtArgument, layout: UsdtLayout): string | undefined {
  const { place } = argument;
  if (place.kind !== "memory") return undefined;
  const parts: string[] = [];
  let { offset } = place;
  if (place.symbol !== undefined) {
    const away = Object.hasOwn(layout.variables, place.symbol) ? layout.variables[place.symbol] : undefined;
    if (away === undefined) return undefined;
    // A variable is as far from the probe's instruction as in the file, wherever the program was loaded.
    parts.push("ctx.IP()");
    offset += away;
  } else if (place.base !== undefined) {
    const base = register(place.base);
    if (base === undefined) return undefined;
    parts.push(base);
  }
  if (place.index !== undefined) {
    const index = register(place.index);
    if (index === undefined) return undefined;
    parts.push(`${index} * ${place.scale}`);
  }
  return `${parts.join(" + ")} ${offset < 0 ? "-" : "+"} ${Math.abs(offset)}`;
}

/** assigned is the statement that puts an argument into a variable of type uint64. */
function assigned(state: State, argument: UsdtArgument, layout: UsdtLayout, into: string): string[] {
  const { place, size, signed } = argument;
  const type = `${signed ? "" : "u"}int${size * 8}`;
  const widened = (code: string): string =>
    size === 8 ? `uint64(${code})` : signed ? `uint64(int64(${type}(${code})))` : `uint64(${type}(${code}))`;
  if (argument.float) return [`${into} = 0`];
  if (place.kind === "constant") {
    const value = signed ? BigInt.asIntN(size * 8, place.value) : BigInt.asUintN(size * 8, place.value);
    return [`${into} = ${BigInt.asUintN(64, value)}`];
  }
  if (place.kind === "register") {
    const value = register(place.register);
    if (value === undefined) return [`${into} = 0`];
    return [`${into} = ${widened(place.shift === 0 ? value : `(${value} >> ${place.shift})`)}`];
  }
  const address = addressOf(argument, layout);
  if (address === undefined) return [`${into} = 0`];
  const held = fresh(state, "u");
  return [`var ${held} ${type}`, `bpf.ReadUser(&${held}, ${address})`, `${into} = ${widened(held)}`];
}

/** usdtArgument reads `arg0` of a USDT probe. Where its places differ, the place's cookie says which one was hit. */
export function usdtArgument(state: State, node: Node, index: number, layouts: readonly UsdtLayout[]): Value {
  const most = Math.max(0, ...layouts.map((layout) => layout.arguments.length));
  if (index >= most) {
    state.report.error(
      "out-of-range",
      node,
      `the probe has ${most} argument${most === 1 ? "" : "s"}, there is no arg${index}`,
      most === 0 ? undefined : `it has ${most === 1 ? "arg0" : `arg0 to arg${most - 1}`}`,
    );
    return bad;
  }
  const into = fresh(state, "t");
  const isSigned = layouts.every((layout) => layout.arguments[index]?.signed !== false);
  state.out.push(`var ${into} uint64`);
  if (layouts.length === 1) {
    const [layout] = layouts;
    const argument = layout?.arguments[index];
    if (layout !== undefined && argument !== undefined)
      state.out.push(...assigned(state, argument, layout, into));
  } else {
    const cookie = fresh(state, "t");
    state.out.push(`${cookie} := helpers.GetAttachCookie(ctx)`);
    for (const [number, layout] of layouts.entries()) {
      const argument = layout.arguments[index];
      if (argument === undefined) continue;
      state.out.push(`if ${cookie} == ${number} {`, ...assigned(state, argument, layout, into), "}");
    }
  }
  return { ...integer(isSigned ? `int64(${into})` : into, isSigned), space: "user" };
}
