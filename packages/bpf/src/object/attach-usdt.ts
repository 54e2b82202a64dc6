import type { UsdtArguments } from "../link/usdt.js";
import type { LoadedObject } from "./loaded.js";

/**
 * usdtArguments gives where an object's programs look for the arguments of USDT probes, undefined for objects
 * that were not made with libbpf's usdt.bpf.h.
 */
export function usdtArguments(object: LoadedObject): UsdtArguments | undefined {
  const specs = object.maps.get("__bpf_usdt_specs");
  return specs === undefined || object.types === undefined ? undefined : { specs, btf: object.types };
}
