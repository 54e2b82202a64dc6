import { HelperFunction } from "@go3s/bpf";
import type { Value } from "../ir/ir.js";
import { sizedHelpers } from "../types/helpers.js";
import { sizeOf } from "../types/type.js";

const ids = (...names: readonly (keyof typeof HelperFunction)[]): ReadonlySet<bigint> =>
  new Set(names.map((name) => BigInt(HelperFunction[name])));

/** silent helpers change no memory that a program reads. */
const silent = ids(
  "map_lookup_elem",
  "ktime_get_ns",
  "ktime_get_boot_ns",
  "get_current_pid_tgid",
  "get_current_uid_gid",
  "get_current_task",
  "get_current_task_btf",
  "get_current_cgroup_id",
  "get_smp_processor_id",
  "get_prandom_u32",
  "ringbuf_reserve",
  "ringbuf_query",
  "get_stackid",
);

/** sending helpers read what they are given; they change no memory that a program reads. */
const sending = ids("ringbuf_output", "ringbuf_submit", "ringbuf_discard", "perf_event_output");

/** mapped helpers change maps: values read from them before may have changed. */
const mapped = ids("map_update_elem", "map_delete_elem", "map_push_elem");

/** readOnly says which arguments of a helper are memory that it only reads. */
const readOnly: ReadonlyMap<bigint, readonly number[]> = new Map(
  (
    [
      [HelperFunction.map_lookup_elem, [1]],
      [HelperFunction.map_update_elem, [1, 2]],
      [HelperFunction.map_delete_elem, [1]],
      [HelperFunction.map_push_elem, [1]],
      [HelperFunction.ringbuf_output, [1]],
      [HelperFunction.perf_event_output, [3]],
    ] as const
  ).map(([id, places]) => [BigInt(id), places]),
);

const helperIds: Readonly<Record<string, number>> = HelperFunction;

const sizedById = new Map(
  Object.entries(sizedHelpers).flatMap(([name, row]) => {
    const id = helperIds[name];
    return id === undefined ? [] : [[BigInt(id), row] as const];
  }),
);

/** sizedHelper gives a helper call's row of memory and size. */
export function sizedHelper(value: Value): (typeof sizedHelpers)[string] | undefined {
  return value.op === "call" ? sizedById.get(value.imm) : undefined;
}

/** Effect is what a call may change: nothing, the memory it is given, maps as well, or anything it can reach. */
export type Effect = "nothing" | "given" | "maps" | "anything";

/** effectOf says what memory a call may change. What is not known changes anything. */
export function effectOf(value: Value): Effect {
  if (value.op !== "call") return "anything";
  if (silent.has(value.imm) || sending.has(value.imm)) return "nothing";
  if (mapped.has(value.imm)) return "maps";
  return sizedHelper(value)?.writes === true ? "given" : "anything";
}

/** readsOnly tells whether a call only reads the memory of one of its arguments. */
export function readsOnly(value: Value, argument: number): boolean {
  return value.op === "call" && readOnly.get(value.imm)?.includes(argument) === true;
}

/** bytesRead is how many bytes a call reads of a key or value. */
export function bytesRead(call: Value, argument: number): number | undefined {
  const type = call.args[0]?.map?.type;
  if (type === undefined || call.op !== "call") return undefined;
  const isKey = argument === 1 && keyed.has(call.imm);
  const isValue = argument === (call.imm === push ? 1 : 2) && (call.imm === push || call.imm === update);
  const size = isKey ? sizeOf(type.key) : isValue ? sizeOf(type.value) : 0;
  return size === 0 ? undefined : size;
}

const keyed = ids("map_lookup_elem", "map_update_elem", "map_delete_elem");
const push = BigInt(HelperFunction.map_push_elem);
const update = BigInt(HelperFunction.map_update_elem);
