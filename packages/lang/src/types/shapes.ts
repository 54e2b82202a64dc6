import type { BtfType } from "@go3s/bpf";

/** Shape is a type as BTF has it: prototypes of kernel functions are compared by it, down to what is behind pointers. */
export type Shape =
  | { readonly kind: "void" }
  | {
      readonly kind: "int";
      readonly name: string;
      readonly size: number;
      readonly encoding?: "signed" | "char" | "bool" | "unsigned";
    }
  | { readonly kind: "enum" | "enum64"; readonly name: string; readonly size: number }
  | { readonly kind: "struct" | "union"; readonly name: string; readonly size: number }
  | { readonly kind: "fwd"; readonly name: string; readonly union: boolean }
  | { readonly kind: "pointer"; readonly to: Shape }
  | { readonly kind: "array"; readonly element: Shape; readonly length: number }
  | PrototypeShape;

/** PrototypeShape is a function's prototype. */
export interface PrototypeShape {
  readonly kind: "prototype";
  readonly parameters: readonly { readonly name: string; readonly type: Shape }[];
  readonly result: Shape;
}

/** deepest is how far pointers are followed: comparing goes no further in practice. */
const deepest = 6;

/** shapeOf reads the shape of a type; `strip` gives a type without its modifiers. */
export function shapeOf(id: number, strip: (id: number) => BtfType | undefined, depth = 0): Shape {
  const type = strip(id);
  if (type === undefined || depth > deepest) return { kind: "void" };
  switch (type.kind) {
    case "int": {
      const { name, size, encoding } = type;
      return { kind: "int", name, size, ...(encoding === undefined ? {} : { encoding }) };
    }
    case "enum":
    case "enum64":
    case "struct":
    case "union":
      return { kind: type.kind, name: type.name, size: type.size };
    case "fwd":
      return { kind: "fwd", name: type.name, union: type.union ?? false };
    case "ptr":
      return { kind: "pointer", to: shapeOf(type.type, strip, depth + 1) };
    case "array":
      return { kind: "array", element: shapeOf(type.type, strip, depth + 1), length: type.length };
    case "func_proto":
      return {
        kind: "prototype",
        parameters: type.parameters.map((each) => ({
          name: each.name,
          type: shapeOf(each.type, strip, depth + 1),
        })),
        result: shapeOf(type.type, strip, depth + 1),
      };
    default:
      return { kind: "void" };
  }
}
