import type { Identifier } from "../syntax/ast.js";
import type { VariableSymbol } from "../types/symbols.js";
import { isScalar } from "../types/type.js";
import { slotPlace } from "./places.js";
import type { Low } from "./state.js";

/** declareVariable gives a variable storage: a register when it can, memory when its address is taken. Its value is not set. */
export function declareVariable(low: Low, name: Identifier): VariableSymbol | undefined {
  const symbol = low.shared.checked.symbols.get(name.id);
  if (symbol?.kind !== "variable") return undefined;
  const inMemory = symbol.addressTaken || symbol.captured || !isScalar(symbol.type);
  low.frame.storage.set(
    symbol,
    inMemory
      ? { kind: "memory", place: slotPlace(low, symbol.type, symbol.name), space: undefined }
      : { kind: "register", space: undefined },
  );
  return symbol;
}
