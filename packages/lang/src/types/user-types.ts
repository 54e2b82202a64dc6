import type { TypeDescription } from "@go3s/binary";
import {
  boolType,
  type Field,
  intType,
  type StructType,
  type Type,
  uint8,
  uint64,
  voidType,
} from "./type.js";

/** FindUserType finds a type of the observed program by the name its debug information has: `conn`, `main.Shape`. */
export type FindUserType = (name: string) => TypeDescription | undefined;

/** UserTypes turns DWARF types into types of the language, each only when it is named. */
export type UserTypes = (name: string) => Type | undefined;

const bitsOf = (size: number): 8 | 16 | 32 | 64 | undefined =>
  size === 1 ? 8 : size === 2 ? 16 : size === 4 ? 32 : size === 8 ? 64 : undefined;

const bytes = (length: number): Type => ({ kind: "array", element: uint8, length });

function integer(size: number, signed: boolean): Type {
  const bits = bitsOf(size);
  if (bits === undefined) return bytes(size);
  return { kind: "int", name: `${signed ? "" : "u"}int${bits}`, bits, signed };
}

/** newUserTypes reads types lazily: real ones form loops. */
export function newUserTypes(find: FindUserType): UserTypes {
  const structs = new Map<string, StructType>();

  const struct = (type: TypeDescription): StructType => {
    const known = structs.get(type.name);
    if (known !== undefined && known.size === type.size) return known;
    let fields: Field[] | undefined;
    const made: StructType = {
      kind: "struct",
      name: type.name.replace(/^(?:struct|union|class) /, "").replace(/\W/g, "_"),
      size: type.size ?? 0,
      // The program's own compiler placed it: copies of it stand at any address here.
      align: 8,
      user: true,
      get fields() {
        fields ??= type.members().flatMap((member): Field[] => {
          // A bit field is read through the word around it, which DWARF does not name.
          if (member.bits !== undefined) return [];
          let own: Type | undefined;
          return [
            {
              name: member.name,
              get type() {
                own ??= typeOf(member.type);
                return own;
              },
              offset: member.offset,
              embedded: member.name === "",
            },
          ];
        });
        return fields;
      },
    };
    structs.set(type.name, made);
    return made;
  };

  /** pointerTo is lazy in what it points to: a list's node points to its own type. */
  const pointerTo = (type: TypeDescription): Type => {
    let target: Type | undefined;
    const named: Type = {
      kind: "named",
      name: type.name,
      get underlying() {
        target ??= typeOf(type);
        return target.kind === "void" ? uint8 : target;
      },
      set underlying(_value: Type) {},
    };
    return { kind: "pointer", target: named };
  };

  const parts = (name: string, size: number, fields: readonly (readonly [string, Type])[]): StructType => ({
    kind: "struct",
    name,
    size,
    align: 8,
    user: true,
    fields: fields.map(([field, type], i) => ({ name: field, type, offset: 8 * i, embedded: false })),
  });

  const typeOf = (type: TypeDescription | undefined, depth = 0): Type => {
    if (type === undefined || depth > 64) return voidType;
    const { size = 0 } = type;
    switch (type.kind) {
      case "typedef":
      case "qualifier":
        return typeOf(type.target(), depth + 1);
      case "integer":
        return integer(size, true);
      case "unsigned":
      case "enum":
        return integer(size, false);
      case "character":
        return size === 1 ? uint8 : integer(size, false);
      case "boolean":
        return size === 1 ? boolType : integer(size, false);
      case "struct":
      case "union":
        return struct(type);
      case "array":
        return { kind: "array", element: typeOf(type.target(), depth + 1), length: type.count ?? 0 };
      case "pointer":
      case "reference": {
        const target = type.target();
        return target === undefined || target.kind === "function"
          ? { kind: "pointer", target: uint8 }
          : pointerTo(target);
      }
      // Go's own layouts: string, slice and interface headers (reflect.StringHeader, SliceHeader; two words).
      case "go-string":
        return parts("string", 16, [
          ["ptr", { kind: "pointer", target: uint8 }],
          ["len", intType],
        ]);
      case "go-slice": {
        const [array] = type.members();
        return parts("slice", 24, [
          ["ptr", array === undefined ? uint64 : typeOf(array.type, depth + 1)],
          ["len", intType],
          ["cap", intType],
        ]);
      }
      case "go-interface":
        return parts("interface", 16, [
          ["tab", uint64],
          ["data", uint64],
        ]);
      case "go-map":
      case "go-chan":
        return uint64;
      case "float":
        return bytes(size);
      default:
        return size > 0 ? bytes(size) : voidType;
    }
  };

  return (name) => {
    const found = find(name) ?? find(`struct ${name}`);
    return found === undefined ? undefined : typeOf(found);
  };
}
