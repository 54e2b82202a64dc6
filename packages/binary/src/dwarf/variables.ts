import { attribute, tag } from "./constants.js";
import { blockOf, numberOf } from "./die.js";
import { evaluateLocation } from "./expression.js";
import type { Location } from "./location.js";
import { expressionOf } from "./location-list.js";
import type { DebugUnit, Die } from "./model.js";
import { type Scope, scopeDie } from "./scopes.js";
import { childrenOf, type TypeDescription, typeOf } from "./types.js";
import { linkageNameOf, nameOf, numberIn } from "./unit-set.js";

/** Variable is a parameter or a local variable as it stands at one address. */
export interface Variable {
  readonly name: string;
  /** role: a result is a Go function's named or unnamed return value, which has a place of its own. */
  readonly role: "parameter" | "result" | "local";
  readonly type: TypeDescription;
  readonly location: Location;
  /** scope is the function that declares it, as the linker names it: inlined ones have their own. */
  readonly scope: string;
  readonly line: number | undefined;
}

function locate(unit: DebugUnit, die: Die, frameBase: Die, address: number): Location {
  const expression = expressionOf(die, attribute.LOCATION, address);
  if (expression === undefined) {
    const constant = numberIn(die, attribute.CONST_VALUE);
    if (constant === undefined) return { kind: "gone" };
    return { kind: "value", value: { base: { kind: "none" }, path: [constant] } };
  }
  return evaluateLocation(unit, expression, blockOf(frameBase, attribute.FRAME_BASE));
}

/** variablesIn lists what the scopes around an address declare, outermost first, in the order of the source. */
export function variablesIn(unit: DebugUnit, scopes: readonly Scope[], address: number): Variable[] {
  const out: Variable[] = [];
  let fn: Die | undefined;
  let scopeName = "";
  for (const scope of scopes) {
    const die = scopeDie(unit, scope);
    if (die === undefined) continue;
    fn ??= die;
    if (scope.tag !== tag.LEXICAL_BLOCK) scopeName = linkageNameOf(die) ?? nameOf(die) ?? "";
    for (const child of childrenOf(die)) {
      const isParameter = child.shape.tag === tag.FORMAL_PARAMETER;
      if (!isParameter && child.shape.tag !== tag.VARIABLE) continue;
      const isResult = isParameter && numberOf(child, attribute.VARIABLE_PARAMETER) === 1;
      out.push({
        name: nameOf(child) ?? "",
        role: isResult ? "result" : isParameter ? "parameter" : "local",
        type: typeOf(child),
        location: locate(unit, child, fn, address),
        scope: scopeName,
        line: numberIn(child, attribute.DECL_LINE),
      });
    }
  }
  return out;
}
