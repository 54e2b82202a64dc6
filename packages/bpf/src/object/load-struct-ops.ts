import { BtfKind } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import type { BtfMember } from "../btf/types.js";
import { essentialName } from "../core/access.js";
import { BpfError } from "../errors.js";
import { writeU64 } from "../kernel/attr.js";
import { type BpfMap, createMap } from "../maps/map.js";
import type { Program } from "../program/program.js";
import { MapFlag } from "../uapi/flags.js";
import { MapType } from "../uapi/map-types.js";
import type { AttachPoint } from "./attach-target.js";
import { type FoundType, findType, type KernelTypes } from "./kernel-types.js";
import type { StructOpsSpec } from "./spec.js";

/** LoadedStructOps is a table of functions in the kernel: made, and not yet attached. */
export interface LoadedStructOps {
  readonly spec: StructOpsSpec;
  readonly map: BpfMap;
  /**
   * What written to the map's key 0 hands the table to the kernel: its struct with descriptors of programs for
   * functions. For one without a link that attaches it at once, deleting the key detaches it.
   */
  readonly value: Uint8Array;
}

interface Layout {
  readonly wrapper: FoundType;
  readonly struct: FoundType;
  /** Where the struct begins in the wrapper. */
  readonly dataAt: number;
}

function refuse(spec: StructOpsSpec, why: string, hint?: string): never {
  throw new BpfError("relocation-failed", `table "${spec.name}" of ${spec.struct}: ${why}`, { hint });
}

function layoutOf(spec: StructOpsSpec, kernel: KernelTypes): Layout {
  const name = essentialName(spec.struct);
  // The kernel makes a struct with its own bookkeeping before each that it takes (kernel/bpf/bpf_struct_ops.c).
  const wrapper = findType(kernel, `bpf_struct_ops_${name}`, BtfKind.STRUCT);
  const id = wrapper?.btf.findOne(name, BtfKind.STRUCT);
  if (wrapper === undefined || id === undefined) {
    throw new BpfError("not-supported", `this kernel takes no tables of functions for struct ${name}`, {
      hint: "bpftool btf dump file /sys/kernel/btf/vmlinux | grep bpf_struct_ops_ lists those it takes",
    });
  }
  const data = membersOf(wrapper.btf, wrapper.id).find((member) => member.name === "data");
  if (data === undefined) return refuse(spec, "the kernel's wrapper of it has no member data");
  return { wrapper, struct: { ...wrapper, id }, dataAt: data.bitOffset / 8 };
}

function membersOf(btf: Btf, id: number): readonly BtfMember[] {
  const type = btf.type(id);
  return type.kind === "struct" ? type.members : [];
}

/** StructOpsPlan is a table laid out as this kernel has it, before its programs are loaded. */
export interface StructOpsPlan {
  readonly spec: StructOpsSpec;
  readonly layout: Layout;
  readonly value: Uint8Array;
  /** The program of each function, by byte offset in `value`, and where it is attached. */
  readonly functions: ReadonlyMap<number, { readonly program: string; readonly point: AttachPoint }>;
}

/**
 * planStructOps finds an object's table of functions in the kernel and copies what is no function by name.
 * Throws BpfError `not-supported` when the kernel does not know the struct, `relocation-failed` for members
 * that it does not have and the object needs.
 */
export function planStructOps(spec: StructOpsSpec, local: Btf, kernel: KernelTypes): StructOpsPlan {
  const layout = layoutOf(spec, kernel);
  const { btf } = layout.struct;
  const value = new Uint8Array(btf.sizeOf(layout.wrapper.id));
  const theirs = membersOf(btf, layout.struct.id);
  const functions = new Map<number, { program: string; point: AttachPoint }>();
  for (const member of membersOf(local, spec.type)) {
    const from = member.bitOffset / 8;
    const program = spec.functions.get(from);
    const size = local.resolve(member.type) === 0 ? 0 : local.sizeOf(member.type);
    const isBitField = (member.bitSize ?? 0) > 0;
    const bytes = spec.contents.subarray(from, from + size);
    const isEmpty = !isBitField && program === undefined && bytes.every((byte) => byte === 0);
    const index = theirs.findIndex(({ name }) => name === essentialName(member.name));
    const target = theirs[index];
    if (target === undefined) {
      if (isEmpty) continue;
      return refuse(
        spec,
        `this kernel's struct has no member "${member.name}"`,
        "leave it empty to go without",
      );
    }
    const to = layout.dataAt + target.bitOffset / 8;
    if (program !== undefined) {
      const point = { btfId: layout.struct.id, fd: layout.wrapper.module?.fd, attachType: index };
      functions.set(to, { program, point });
    } else if (!isEmpty) {
      if (isBitField || btf.sizeOf(target.type) !== size || to + size > value.length) {
        return refuse(spec, `member "${member.name}" is another thing in this kernel`);
      }
      value.set(bytes, to);
    }
  }
  return { spec, layout, value, functions };
}

/** makeStructOps makes the map of a table and fills in the programs. Throws BpfError. */
export function makeStructOps(
  plan: StructOpsPlan,
  programs: ReadonlyMap<string, Program>,
  btfFd: number | undefined,
): LoadedStructOps {
  const { spec, layout, functions } = plan;
  const value = new Uint8Array(plan.value);
  const view = new DataView(value.buffer);
  for (const [at, { program }] of functions) {
    const loaded = programs.get(program);
    if (loaded === undefined) return refuse(spec, `its program "${program}" is not loaded`);
    writeU64(view, at, loaded.fd);
  }
  const moduleFd = layout.wrapper.module?.fd;
  const flags =
    (spec.isLink ? MapFlag.BPF_F_LINK : 0) | (moduleFd === undefined ? 0 : MapFlag.BPF_F_VTYPE_BTF_OBJ_FD);
  const map = createMap(
    {
      name: spec.name,
      type: MapType.BPF_MAP_TYPE_STRUCT_OPS,
      keySize: 4,
      valueSize: value.length,
      maxEntries: 1,
      flags,
      kernelValueType: layout.wrapper.id,
    },
    { moduleFd, btfFd },
  );
  return { spec, map, value };
}
