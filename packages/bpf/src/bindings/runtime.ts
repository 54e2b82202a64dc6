import { BpfError } from "../errors.js";
import type { LoadedObject } from "../object/loaded.js";
import type { ObjectSpec } from "../object/spec.js";
import type { Plain } from "../views/plain.js";
import { type TypedMap, typedMap } from "../views/typed-map.js";
import { modelOf, type RecordTypes } from "./model.js";

// Bindings may name types that another version of the object does not have.
function digestOrNone(spec: ObjectSpec, types: readonly string[], records: RecordTypes): string | undefined {
  try {
    return modelOf(spec, types, records).digest;
  } catch (error) {
    if (error instanceof BpfError && error.code === "not-found") return undefined;
    throw error;
  }
}

/** checkBindings throws BpfError `bad-object` when bindings were made of another object than this one. */
export function checkBindings(
  spec: ObjectSpec,
  digest: string,
  source: string,
  types: readonly string[] = [],
  records: RecordTypes = {},
): void {
  if (digestOrNone(spec, types, records) === digest) return;
  throw new BpfError("bad-object", `the bindings of ${source} were made of another version of it`, {
    hint: "make them anew with go3s build --bindings, and compile what uses them",
  });
}

/** typedMapOf gives typed access to a loaded object's map, by the types that the object gives it. */
export function typedMapOf<K = Plain, V = Plain>(object: LoadedObject, name: string): TypedMap<K, V> {
  const map = object.map(name);
  const spec = object.spec.maps.get(name);
  if (object.types === undefined)
    throw new BpfError("bad-object", `map "${name}" has no types: compile with -g`);
  return typedMap<K, V>(map, object.types, {
    ...(spec?.keyType && { key: spec.keyType }),
    ...(spec?.valueType && { value: spec.valueType }),
  });
}
