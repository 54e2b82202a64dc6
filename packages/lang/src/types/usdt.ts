import type { Range } from "../source/file.js";
import type { Env } from "./env.js";
import { mapRow } from "./map-kinds.js";
import { declareMap } from "./maps.js";
import type { MapSymbol } from "./symbols.js";
import { type Field, int16, type StructType, type Type, uint8, uint16, uint32, uint64 } from "./type.js";

/** mostArguments is BPF_USDT_MAX_ARG_CNT of libbpf's usdt.bpf.h, whose objects loaders fill. */
export const mostArguments = 12;

const field = (name: string, type: Type, offset: number, bits?: Field["bits"]): Field => ({
  name,
  type,
  offset,
  embedded: false,
  ...(bits === undefined ? {} : { bits }),
});

/** argumentFields say where one argument is: libbpf 1.7's layout, of which older ones use a part. */
export const argumentFields = {
  value: field("val_off", uint64, 0),
  type: field("arg_type", uint8, 8),
  index: field("idx_reg_off", uint16, 9, { offset: 72, size: 12 }),
  scale: field("scale_bitshift", uint16, 10, { offset: 84, size: 4 }),
  register: field("reg_off", int16, 12),
  signed: field("arg_signed", uint8, 14),
  shift: field("arg_bitshift", uint8, 15),
} as const;

/** argumentBytes is the size of one argument's description. */
export const argumentBytes = 16;

/** countAt is where the number of arguments stands in a probe's description. */
export const countAt = mostArguments * argumentBytes + 8;

const argument: StructType = {
  kind: "struct",
  name: "__bpf_usdt_arg_spec",
  fields: Object.values(argumentFields),
  size: argumentBytes,
  align: 8,
};

const specification: StructType = {
  kind: "struct",
  name: "__bpf_usdt_spec",
  fields: [
    field("args", { kind: "array", element: argument, length: mostArguments }, 0),
    field("usdt_cookie", uint64, countAt - 8),
    field("arg_cnt", int16, countAt),
  ],
  size: countAt + 8,
  align: 8,
};

/** specifications is the map in which loaders leave what they know of a probe's arguments, by the cookie of its place. */
export function specifications(env: Env, range: Range): MapSymbol | undefined {
  const [array, hash] = [mapRow("Array"), mapRow("Hash")];
  if (array === undefined || hash === undefined) return undefined;
  // For kernels without cookies libbpf wants a second map, from addresses to specifications.
  declareMap(env, range, "__bpf_usdt_ip_to_spec_id", hash, [uint64, uint32], 256);
  return declareMap(env, range, "__bpf_usdt_specs", array, [specification], 256);
}
