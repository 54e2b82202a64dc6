import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { possibleCpus } from "../maps/cpus.js";
import type { BpfMap } from "../maps/map.js";
import { mapTitle } from "../maps/misuse.js";
import { isPerCpu } from "../maps/spec.js";
import { walkSteps } from "../maps/walk.js";
import type { UpdateFlags } from "../uapi/flags.js";
import { type Layout, layoutByName, layoutOf } from "./layout.js";
import { type Plain, type PlainReader, plainReader } from "./plain.js";
import { type PlainWriter, plainWriter } from "./plain-writer.js";
import { type AnyFields, memoryOf, type View, type ViewMemory, viewOfLayout } from "./view.js";

/** TypedMapTypes name the types of a map's key and value, where the map does not tell or tells too little. */
export interface TypedMapTypes {
  /** An id in the BTF, or a name as in C without `struct`. */
  readonly key?: number | string;
  readonly value?: number | string;
}

/** MovableView is what find() and each() move: a view of eventView(), or of bindings. */
export interface MovableView {
  at(memory: ViewMemory, offset: number): unknown;
}

function layoutFor(btf: Btf, named: number | string | undefined, id: number, size: number): Layout {
  const type = named ?? (id === 0 ? undefined : id);
  if (type === undefined) return { kind: "bytes", size };
  return typeof type === "number" ? layoutOf(btf, type) : layoutByName(btf, type);
}

/**
 * TypedMap reads and writes a map's elements as JavaScript values: numbers up to 32 bits, bigint beyond,
 * text, bytes, objects. A per-CPU map's value is an array with one value for each possible processor.
 */
export class TypedMap<K, V> {
  readonly map: BpfMap;
  readonly keyLayout: Layout;
  /** Of one processor's value for per-CPU maps. */
  readonly valueLayout: Layout;
  readonly #readKey: PlainReader;
  readonly #readValue: PlainReader;
  readonly #key: Uint8Array;
  readonly #value: Uint8Array;
  readonly #valueMemory: ViewMemory;
  readonly #stride: number;
  readonly #writeKey: PlainWriter;
  /** One for each processor in per-CPU maps. */
  readonly #writeValue: readonly PlainWriter[];

  /** typedMap() is the usual way to get here. The map stays the caller's. */
  constructor(map: BpfMap, keyLayout: Layout, valueLayout: Layout) {
    for (const [what, layout, size] of [
      ["key", keyLayout, map.spec.keySize],
      ["value", valueLayout, map.spec.valueSize],
    ] as const) {
      if (layout.size !== size) {
        const why = `a ${what} of ${mapTitle(map.spec)} has ${size} bytes, the type ${layout.size}`;
        throw new BpfError("bad-argument", why, { hint: `name the ${what}'s type` });
      }
    }
    this.map = map;
    this.keyLayout = keyLayout;
    this.valueLayout = valueLayout;
    this.#readKey = plainReader(keyLayout);
    this.#readValue = plainReader(valueLayout);
    this.#key = new Uint8Array(map.spec.keySize);
    this.#value = new Uint8Array(map.valueBytes);
    this.#valueMemory = memoryOf(this.#value);
    this.#stride = isPerCpu(map.spec.type) ? Math.ceil(valueLayout.size / 8) * 8 : 0;
    this.#writeKey = plainWriter(keyLayout, this.#key, "key");
    this.#writeValue = Array.from({ length: this.#stride === 0 ? 1 : possibleCpus() }, (_, cpu) => {
      const at = cpu * this.#stride;
      const part = this.#value.subarray(at, at + valueLayout.size);
      return plainWriter(valueLayout, part, this.#stride === 0 ? "value" : `value of processor ${cpu}`);
    });
  }

  /** get gives an element's value, undefined when there is none. Throws as BpfMap.lookup() does. */
  get(key: K): V | undefined;
  get(key: never): unknown {
    this.#setKey(key);
    return this.map.lookupInto(this.#key, this.#value) ? this.#valueOf(this.#valueMemory.view, 0) : undefined;
  }

  /** set writes an element. Throws as BpfMap.update() does, and `bad-argument` for what the types do not take. */
  set(key: K, value: V, flags?: UpdateFlags): void;
  set(key: never, value: never, flags: UpdateFlags = 0): void {
    this.#setKey(key);
    if (this.#stride === 0) this.#writeValue[0]?.(value);
    else this.#setCpus(value);
    this.map.update(this.#key, this.#value, flags);
  }

  /** has tells whether there is an element. */
  has(key: K): boolean;
  has(key: never): boolean {
    this.#setKey(key);
    return this.map.lookupInto(this.#key, this.#value);
  }

  /** delete removes an element and tells whether it was there. */
  delete(key: K): boolean;
  delete(key: never): boolean {
    this.#setKey(key);
    return this.map.delete(this.#key);
  }

  /** take gives an element's value and removes it, undefined when there is none (hashes 5.14). */
  take(key: K): V | undefined;
  take(key: never): unknown {
    this.#setKey(key);
    const value = this.map.lookupAndDelete(this.#key);
    return value === undefined ? undefined : this.#valueOf(memoryOf(value).view, 0);
  }

  /** entries gives each element as plain values; see BpfMap.entries() for what is deleted meanwhile. */
  entries(): Generator<[K, V]>;
  *entries(): Generator<unknown> {
    const { keySize } = this.map.spec;
    for (const step of walkSteps(this.map)) {
      const keys = memoryOf(step.keys).view;
      const values = memoryOf(step.values).view;
      for (let i = 0; i < step.count; i++) {
        yield [this.#readKey(keys, i * keySize), this.#valueOf(values, i * this.map.valueBytes)];
      }
    }
  }

  [Symbol.iterator](): Generator<[K, V]> {
    return this.entries();
  }

  /** keyView makes a view of keys, for find() and each(); what is no struct has the field `value`. */
  keyView<F = AnyFields>(): View<F> {
    return viewOfLayout<F>(this.keyLayout);
  }

  /** valueView makes a view of values, for find() and each(). */
  valueView<F = AnyFields>(): View<F> {
    return viewOfLayout<F>(this.valueLayout);
  }

  /** find moves a view to an element's value, of one processor in per-CPU maps, until the next call; or false. */
  find(key: K, view: MovableView, cpu?: number): boolean;
  find(key: never, view: MovableView, cpu = 0): boolean {
    this.#setKey(key);
    if (!this.map.lookupInto(this.#key, this.#value)) return false;
    view.at(this.#valueMemory, cpu * this.#stride);
    return true;
  }

  /**
   * each moves two views over all elements and calls `visit` at each: nothing is made per element. Of a
   * per-CPU map it is called for each processor.
   */
  each(key: MovableView, value: MovableView, visit: (cpu: number) => void): void {
    const { keySize } = this.map.spec;
    const cpus = this.#writeValue.length;
    for (const step of walkSteps(this.map)) {
      const keys = memoryOf(step.keys);
      const values = memoryOf(step.values);
      for (let i = 0; i < step.count; i++) {
        key.at(keys, i * keySize);
        for (let cpu = 0; cpu < cpus; cpu++) {
          value.at(values, i * this.map.valueBytes + cpu * this.#stride);
          visit(cpu);
        }
      }
    }
  }

  #setKey(key: Plain): void {
    // Queues, stacks and bloom filters have no key.
    if (this.#key.length > 0) this.#writeKey(key);
  }

  #setCpus(value: Plain): void {
    const cpus = this.#writeValue.length;
    if (!Array.isArray(value) || value.length !== cpus) {
      throw new BpfError("bad-argument", `a value of ${mapTitle(this.map.spec)} is an array of ${cpus}`, {
        hint: "it has one value for each possible processor",
      });
    }
    for (const [cpu, one] of value.entries()) this.#writeValue[cpu]?.(one);
  }

  #valueOf(view: DataView, at: number): Plain {
    if (this.#stride === 0) return this.#readValue(view, at);
    return Array.from({ length: possibleCpus() }, (_, cpu) => this.#readValue(view, at + cpu * this.#stride));
  }
}

/**
 * typedMap gives typed access to a map, by the types that it was made with or that are named; a part without
 * a type is a Uint8Array. `btf` holds those types: of the object, or by mapBtf() of any map. K and V are the
 * caller's word. Throws BpfError `bad-argument` when sizes differ, `not-found`, `bad-btf`.
 */
export function typedMap<K = Plain, V = Plain>(
  map: BpfMap,
  btf: Btf,
  types: TypedMapTypes = {},
): TypedMap<K, V> {
  const { keyType = 0, valueType = 0, keySize, valueSize } = map.spec;
  return new TypedMap<K, V>(
    map,
    keySize === 0 ? { kind: "bytes", size: 0 } : layoutFor(btf, types.key, keyType, keySize),
    layoutFor(btf, types.value, valueType, valueSize),
  );
}
