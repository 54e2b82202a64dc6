import type { BtfBuilder } from "@go3s/bpf";
import type { Extern } from "../ir/ir.js";
import type { PrototypeShape, Shape } from "../types/shapes.js";
import type { Assembled } from "./assemble.js";

// BTF_FUNC_EXTERN and BTF_VAR_GLOBAL_EXTERN, include/uapi/linux/btf.h
const EXTERN = 2;

/** externsOf lists what the code wants of the kernel, each once; a name is weak when its existence is asked for. */
export function externsOf(code: readonly Assembled[]): Extern[] {
  const found = new Map<string, Extern>();
  for (const { fixups } of code) {
    for (const fixup of fixups) {
      if (fixup.kind !== "extern") continue;
      const { extern } = fixup;
      const known = found.get(extern.name);
      if (known === undefined || (extern.weak && !known.weak)) found.set(extern.name, extern);
    }
  }
  return [...found.values()];
}

function newShapeWriter(builder: BtfBuilder): (shape: Shape) => number {
  const known = new Map<string, number>();
  const prototype = (shape: PrototypeShape): number =>
    builder.add({
      kind: "func_proto",
      type: id(shape.result),
      parameters: shape.parameters.map((each) => ({ name: each.name, type: id(each.type) })),
    });
  const make = (shape: Shape): number => {
    switch (shape.kind) {
      case "void":
        return 0;
      case "int":
        return builder.add(shape);
      case "enum":
      case "enum64":
        return builder.add({
          ...shape,
          values: [{ name: `${shape.name === "" ? "anonymous" : shape.name}___go3s`, value: 0 }],
        });
      case "struct":
      case "union":
        return builder.add({ ...shape, members: [] });
      case "fwd":
        return builder.add(shape);
      case "pointer":
        return builder.add({ kind: "ptr", type: id(shape.to) });
      case "array": {
        const index = id({ kind: "int", name: "unsigned int", size: 4, encoding: "unsigned" });
        return builder.add({ kind: "array", type: id(shape.element), index, length: shape.length });
      }
      case "prototype":
        return prototype(shape);
    }
  };
  const id = (shape: Shape): number => {
    const key = JSON.stringify(shape);
    let found = known.get(key);
    if (found === undefined) {
      found = make(shape);
      known.set(key, found);
    }
    return found;
  };
  return id;
}

/** describeExterns writes `.ksyms`: prototypes of functions, types of variables. */
export function describeExterns(builder: BtfBuilder, externs: readonly Extern[]): void {
  if (externs.length === 0) return;
  const id = newShapeWriter(builder);
  const variables = externs.map(({ name, kind, shape }) => {
    const type = shape === undefined ? builder.add({ kind: "const", type: 0 }) : id(shape);
    return {
      type: builder.add({ kind: kind === "function" ? "func" : "var", name, type, linkage: EXTERN }),
      offset: 0,
      size: 0,
    };
  });
  builder.add({ kind: "datasec", name: ".ksyms", size: 0, variables });
}
