import { kernelIsAtLeast } from "../kernel/version.js";
import type { UsdtArguments } from "../link/usdt.js";
import { AttachType } from "../uapi/attach-types.js";
import type { LoadedObject } from "./loaded.js";
import type { ProgramSpec } from "./spec.js";

/**
 * usdtAttachType gives the attach type with which a program of a section `usdt` is loaded: one link for all the
 * places of a probe, where the kernel has that (6.6). Undefined for all else.
 */
export function usdtAttachType(program: ProgramSpec): number | undefined {
  const isUsdt = /^\??usdt(\.s)?(\/|$)/.test(program.section);
  return isUsdt && kernelIsAtLeast(6, 6) ? AttachType.BPF_TRACE_UPROBE_MULTI : undefined;
}

/**
 * usdtArguments gives where an object's programs look for the arguments of USDT probes, undefined for objects
 * that were not made with libbpf's usdt.bpf.h.
 */
export function usdtArguments(object: LoadedObject): UsdtArguments | undefined {
  const specs = object.maps.get("__bpf_usdt_specs");
  return specs === undefined || object.types === undefined ? undefined : { specs, btf: object.types };
}
