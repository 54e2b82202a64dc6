/** ScalarKind names how a field's value stands on the wire and in an object. `hex` is bytes shown as hex text (OTLP's ids). */
export type ScalarKind =
  | "string"
  | "bytes"
  | "hex"
  | "bool"
  | "int32"
  | "sint32"
  | "uint32"
  | "fixed32"
  | "enum"
  | "int64"
  | "uint64"
  | "fixed64"
  | "sfixed64"
  | "double";

/** Field describes one field of a message; T is the type of its value and exists for the compiler only. */
export interface Field<T = unknown> {
  readonly number: number;
  readonly kind: ScalarKind | "message";
  /** message gives the type of a nested message; a function, because types may contain themselves. */
  readonly message?: () => MessageType<unknown>;
  readonly repeated: boolean;
  /** presence: an absent field is absent in the object, not the default value. */
  readonly presence: boolean;
  /** oneof names the group of which at most one field is set. */
  readonly oneof?: string;
  readonly valueType?: T;
}

/** NamedField is a field with its name in OTLP/JSON. */
export interface NamedField extends Field {
  readonly name: string;
}

/** MessageType describes a protobuf message as data; both codecs walk it. */
export interface MessageType<T> {
  /** Full name in the protobuf package. */
  readonly name: string;
  readonly fields: readonly NamedField[];
  /** byNumber[n] is the field with number n. */
  readonly byNumber: readonly (NamedField | undefined)[];
  readonly byName: ReadonlyMap<string, NamedField>;
  readonly valueType?: T;
}

/** Fields is a message as an object, when its type is known only at run time. */
export type Fields = Record<string, unknown>;

/** isFields tells whether a value can be a message. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Input is T with every field optional at every level: what encoders take. */
export type Input<T> = T extends string | number | bigint | boolean | Uint8Array
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Input<Item>[]
    : { readonly [Key in keyof T]?: Input<T[Key]> };

/** message defines a type; the compiler checks that every property of T has its field, and the right kind. */
export function message<T>(
  name: string,
  fields: { readonly [Key in keyof T]-?: Field<NonNullable<T[Key]>> },
): MessageType<T> {
  const named: NamedField[] = [];
  const byNumber: (NamedField | undefined)[] = [];
  for (const [key, field] of Object.entries<Field>(fields)) {
    const row = { ...field, name: key };
    named.push(row);
    byNumber[row.number] = row;
  }
  return { name, fields: named, byNumber, byName: new Map(named.map((field) => [field.name, field])) };
}

function scalar<T>(kind: ScalarKind): (number: number) => Field<T> {
  return (number) => ({ number, kind, repeated: false, presence: false });
}

export const string: (number: number) => Field<string> = scalar<string>("string");
export const bytes: (number: number) => Field<Uint8Array> = scalar<Uint8Array>("bytes");
export const hex: (number: number) => Field<string> = scalar<string>("hex");
export const bool: (number: number) => Field<boolean> = scalar<boolean>("bool");
export const int32: (number: number) => Field<number> = scalar<number>("int32");
export const sint32: (number: number) => Field<number> = scalar<number>("sint32");
export const uint32: (number: number) => Field<number> = scalar<number>("uint32");
export const fixed32: (number: number) => Field<number> = scalar<number>("fixed32");
export const enumeration: (number: number) => Field<number> = scalar<number>("enum");
export const int64: (number: number) => Field<bigint> = scalar<bigint>("int64");
export const uint64: (number: number) => Field<bigint> = scalar<bigint>("uint64");
export const fixed64: (number: number) => Field<bigint> = scalar<bigint>("fixed64");
export const sfixed64: (number: number) => Field<bigint> = scalar<bigint>("sfixed64");
export const double: (number: number) => Field<number> = scalar<number>("double");

/** child is a nested message that may be absent. */
export function child<T>(number: number, type: () => MessageType<T>): Field<T> {
  return { number, kind: "message", message: type, repeated: false, presence: true };
}

/** list repeats a nested message. */
export function list<T>(number: number, type: () => MessageType<T>): Field<readonly T[]> {
  return { number, kind: "message", message: type, repeated: true, presence: false };
}

/** repeated repeats a scalar; numbers are written packed and read packed or not. */
export function repeated<T>(field: Field<T>): Field<readonly T[]> {
  return { number: field.number, kind: field.kind, repeated: true, presence: false };
}

/** optional gives a scalar presence: absent is not the same as zero. */
export function optional<T>(field: Field<T>): Field<T> {
  return { ...field, presence: true };
}

/** oneof puts a field into a group of which the last one read wins. */
export function oneof<T>(group: string, field: Field<T>): Field<T> {
  return { ...field, presence: true, oneof: group };
}
