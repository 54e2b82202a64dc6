import { HelperFunction } from "@go3s/bpf";
import type { Value } from "../ir/ir.js";
import type { VariableSymbol } from "../types/symbols.js";
import { isScalar, sizeOf, type Type, under } from "../types/type.js";
import { copy } from "./copies.js";
import { pointee, slotPlace } from "./places.js";
import { loadScalar } from "./scalar-access.js";
import type { CallbackShape, Low, Place } from "./state.js";

/** loopShape is bpf_loop's: the index and the state; a boxed state is behind a pointer to it. */
export function loopShape(boxed: boolean): CallbackShape {
  return {
    parameters: 2,
    environment: 1,
    bind(low, parameters, bind) {
      bind(low, parameters, (i) => {
        const given = low.b.parameter(i);
        return boxed && i === 1 ? low.b.load(given, 0, 8, false, 64) : given;
      });
    },
  };
}

/** bindMemory binds a parameter that the kernel gives the address of: the pointer, or what it points to. */
function bindMemory(low: Low, symbol: VariableSymbol, address: Value, type: Type): void {
  const of = under(symbol.type);
  const place = pointee({ value: address, space: "map" }, type);
  const wantsPointer = of.kind === "pointer" && under(type).kind !== "pointer";
  const inMemory = symbol.addressTaken || symbol.captured;
  if (wantsPointer && !inMemory) {
    low.frame.storage.set(symbol, { kind: "register", space: "map" });
    low.b.write(symbol, address);
  } else if (!wantsPointer && isScalar(symbol.type) && !inMemory) {
    low.frame.storage.set(symbol, { kind: "register", space: "kernel" });
    low.b.write(symbol, loadScalar(low, place).value);
  } else {
    const home: Place = slotPlace(low, symbol.type, symbol.name);
    if (wantsPointer) low.b.store(low.b.slotAddress(home.slot ?? low.b.slot(8, "")), 0, 8, address);
    else copy(low, home, place, symbol.declared);
    low.frame.storage.set(symbol, { kind: "memory", place: home, space: wantsPointer ? "map" : undefined });
  }
}

/** entryShape is for_each_map_elem's and a timer's: the map, a key, its value, and maybe the state. */
export function entryShape(
  types: readonly [key: Type, value: Type],
  environment: number | undefined,
): CallbackShape {
  return {
    parameters: environment === undefined ? 3 : 4,
    environment,
    ...(environment === undefined ? { steady: true } : {}),
    bind(low, parameters) {
      parameters.forEach((symbol, i) => {
        const type = types[i];
        if (type !== undefined) bindMemory(low, symbol, low.b.parameter(i + 1), type);
      });
    },
  };
}

/** sampleShape is user_ringbuf_drain's: a dynptr of the sample, which must hold a whole value. */
export function sampleShape(type: Type): CallbackShape {
  return {
    parameters: 2,
    environment: 1,
    bind(low, parameters) {
      const { b } = low;
      const [symbol] = parameters;
      if (symbol === undefined) return;
      const size = b.constant(BigInt(sizeOf(type)));
      const data = b.call(HelperFunction.dynptr_data, [b.parameter(0), b.constant(0n), size]);
      data.nilable = true;
      const [there, none] = [b.newBlock(), b.newBlock()];
      b.branch(b.compare("ne", data, b.constant(0n)), there, none);
      b.seal(there);
      b.seal(none);
      b.enter(none);
      b.ret(b.constant(0n, 32));
      b.enter(there);
      bindMemory(low, symbol, data, type);
    },
  };
}
