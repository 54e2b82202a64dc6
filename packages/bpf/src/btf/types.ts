/** BtfMember is a member of a struct or union. */
export interface BtfMember {
  readonly name: string;
  readonly type: number;
  /** Distance from the start of the struct in bits. */
  readonly bitOffset: number;
  /** Size in bits of a bit field; 0 or absent for all other members. */
  readonly bitSize?: number;
}

/** BtfEnumerator is one named value of an enum; bigint for enum64 values. */
export interface BtfEnumerator {
  readonly name: string;
  readonly value: number | bigint;
}

/** BtfParameter is a parameter of a function prototype; name "" and type 0 at the end mean `...`. */
export interface BtfParameter {
  readonly name: string;
  readonly type: number;
}

/** BtfDatasecVariable is the place of a variable in a data section. */
export interface BtfDatasecVariable {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

/** BtfType is one BTF type as a value; other types are named by id (0 is void). */
export type BtfType =
  | {
      readonly kind: "int";
      readonly name: string;
      /** Size in bytes. */
      readonly size: number;
      /** Bits that count; 8 * size unless given. */
      readonly bits?: number;
      readonly encoding?: "signed" | "char" | "bool" | "unsigned";
    }
  | { readonly kind: "float"; readonly name: string; readonly size: number }
  | { readonly kind: "ptr" | "volatile" | "const" | "restrict"; readonly type: number }
  | { readonly kind: "array"; readonly type: number; readonly index: number; readonly length: number }
  | {
      readonly kind: "struct" | "union";
      readonly name: string;
      readonly size: number;
      readonly members: readonly BtfMember[];
    }
  | {
      readonly kind: "enum" | "enum64";
      readonly name: string;
      readonly size: number;
      readonly signed?: boolean;
      readonly values: readonly BtfEnumerator[];
    }
  | { readonly kind: "fwd"; readonly name: string; readonly union?: boolean }
  | { readonly kind: "typedef" | "type_tag"; readonly name: string; readonly type: number }
  | { readonly kind: "func"; readonly name: string; readonly type: number; readonly linkage: number }
  | { readonly kind: "func_proto"; readonly type: number; readonly parameters: readonly BtfParameter[] }
  | { readonly kind: "var"; readonly name: string; readonly type: number; readonly linkage: number }
  | {
      readonly kind: "datasec";
      readonly name: string;
      readonly size: number;
      readonly variables: readonly BtfDatasecVariable[];
    }
  | { readonly kind: "decl_tag"; readonly name: string; readonly type: number; readonly component: number };
