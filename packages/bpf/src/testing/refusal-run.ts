import { kernelBtf } from "../btf/kernel.js";
import { BtfKind } from "../btf/kinds.js";
import { BpfError } from "../errors.js";
import type { Explanation } from "../explain/explanation.js";
import { createMap } from "../maps/map.js";
import { loadProgram } from "../program/load.js";
import { AttachType } from "../uapi/attach-types.js";
import { MapType } from "../uapi/map-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { refusalCases } from "./refusal-cases.js";
import type { RefusalCase, RefusalMaps } from "./refusal-code.js";

/** Refused is what came of loading a case. */
export interface Refused {
  readonly name: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly explanation: Explanation | undefined;
}

function typeId(name: string, kind: number): number {
  return kernelBtf().findOne(name, kind) ?? 0;
}

function attempt(one: RefusalCase): Refused {
  const { name, code, license, flags, traced } = one;
  try {
    loadProgram({
      name: "go3s_refused",
      type: traced
        ? ProgramType.BPF_PROG_TYPE_TRACING
        : (one.type ?? ProgramType.BPF_PROG_TYPE_SOCKET_FILTER),
      instructions: code,
      license: license ?? "GPL",
      flags,
      ...(traced && {
        attachType: AttachType.BPF_TRACE_RAW_TP,
        attachBtfId: typeId("btf_trace_sched_process_exec", BtfKind.TYPEDEF),
      }),
    }).close();
    return { name, message: "it was loaded", hint: undefined, explanation: undefined };
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    return { name, message: error.message, hint: error.hint, explanation: error.explanation };
  }
}

/** runRefusals loads the cases, or those for processes without CAP_PERFMON. */
export function runRefusals(restricted: boolean): (Refused & { readonly wanted: RefusalCase })[] {
  const row = { keySize: 4, valueSize: 8, maxEntries: 4 };
  using counts = createMap({ name: "counts", type: MapType.BPF_MAP_TYPE_HASH, ...row });
  using table = createMap({ name: "table", type: MapType.BPF_MAP_TYPE_ARRAY, ...row, valueSize: 64 });
  using events = createMap({
    name: "events",
    type: MapType.BPF_MAP_TYPE_RINGBUF,
    keySize: 0,
    valueSize: 0,
    maxEntries: 4096,
  });
  const maps: RefusalMaps = { counts, table, events };
  return refusalCases(maps, (name) => typeId(name, BtfKind.FUNC))
    .filter((one) => (one.restricted ?? false) === restricted)
    .map((wanted) => ({ ...attempt(wanted), wanted }));
}
