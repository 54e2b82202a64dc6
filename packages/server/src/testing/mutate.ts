/** Chance gives the next number in [0, 1). */
export type Chance = () => number;

/** chanceOf gives a repeatable stream of numbers: mulberry32, whose whole state is the seed. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** pick gives one of a list. */
export function pick<T>(chance: Chance, list: readonly T[]): T {
  const found = list[Math.floor(chance() * list.length)];
  if (found === undefined) throw new TypeError("nothing to pick from");
  return found;
}

const place = (chance: Chance, bytes: Uint8Array): number => Math.floor(chance() * (bytes.length + 1));

/** Bytes that decoders stumble over: ends of varints, tags of groups, lengths beyond everything, bytes that are no UTF-8. */
const NASTY: readonly (readonly number[])[] = [
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x08],
  [0x0b, 0x0c],
  [0x00],
  [0x7f, 0xf0, 0, 0, 0, 0, 0, 0],
  [0xed, 0xa0, 0x80],
  [0xc3, 0x28, 0xf8],
];

type ByteMutation = (bytes: Buffer, chance: Chance, other: Buffer) => Buffer;

const BYTE_MUTATIONS: readonly ByteMutation[] = [
  // A bit.
  (bytes, chance) => {
    const copy = Buffer.from(bytes);
    const at = Math.floor(chance() * copy.length);
    if (at < copy.length) copy.writeUInt8(copy.readUInt8(at) ^ (1 << Math.floor(chance() * 8)), at);
    return copy;
  },
  // A byte, mostly one of the first: heads are there.
  (bytes, chance) => {
    const copy = Buffer.from(bytes);
    const at = Math.floor(chance() * chance() * copy.length);
    if (at < copy.length) copy.writeUInt8(Math.floor(chance() * 256), at);
    return copy;
  },
  (bytes, chance) => bytes.subarray(0, place(chance, bytes)),
  (bytes, chance) => bytes.subarray(place(chance, bytes)),
  // A stretch left out, said twice, or taken from another request.
  (bytes, chance) => {
    const from = place(chance, bytes);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + Math.floor(chance() * 16))]);
  },
  (bytes, chance) => {
    const from = place(chance, bytes);
    return Buffer.concat([
      bytes.subarray(0, from),
      bytes.subarray(Math.max(0, from - Math.floor(chance() * 64))),
    ]);
  },
  (bytes, chance, other) =>
    Buffer.concat([bytes.subarray(0, place(chance, bytes)), other.subarray(place(chance, other))]),
  (bytes, chance) => {
    const at = place(chance, bytes);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(pick(chance, NASTY)), bytes.subarray(at)]);
  },
  (bytes, chance) => {
    const copy = Buffer.from(bytes);
    const nasty = Buffer.from(pick(chance, NASTY));
    nasty.copy(copy, place(chance, bytes));
    return copy;
  },
];

/** mutateBytes harms bytes in one to four places; `other` lends stretches. */
export function mutateBytes(bytes: Buffer, chance: Chance, other: Buffer): Buffer {
  let harmed = bytes;
  for (let times = 1 + Math.floor(chance() * 4); times > 0; times--)
    harmed = pick(chance, BYTE_MUTATIONS)(harmed, chance, other);
  return harmed;
}

/** varint writes a number as Protobuf does. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7f; left = Math.floor(left / 128)) bytes.push((left % 128) | 0x80);
  return Buffer.from([...bytes, left]);
}

/** Field is one field of a Protobuf message as it lies on the wire. */
export interface Field {
  readonly number: number;
  readonly wire: number;
  /** content is all behind the tag but without a length. */
  readonly content: Buffer;
}

function readVarint(bytes: Buffer, at: number): readonly [value: number, next: number] | undefined {
  let value = 0;
  for (let i = 0; i < 7 && at + i < bytes.length; i++) {
    const byte = bytes.readUInt8(at + i);
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [value, at + i + 1];
  }
  return undefined;
}

/** fieldsOf takes a message apart, or gives undefined where the bytes are none. */
export function fieldsOf(bytes: Buffer): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    if (tag === undefined) return undefined;
    const wire = tag[0] % 8;
    const start = tag[1];
    const length = wire === 2 ? readVarint(bytes, start) : undefined;
    const from = length?.[1] ?? start;
    const ends = [
      readVarint(bytes, start)?.[1],
      start + 8,
      (length?.[0] ?? Infinity) + from,
      undefined,
      undefined,
      start + 4,
    ];
    const end = ends[wire];
    if (end === undefined || end > bytes.length) return undefined;
    fields.push({ number: Math.floor(tag[0] / 8), wire, content: bytes.subarray(from, end) });
    at = end;
  }
  return fields;
}

/** write puts a message together. */
export function write(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(({ number, wire, content }) => [
      varint(number * 8 + wire),
      ...(wire === 2 ? [varint(content.length)] : []),
      content,
    ]),
  );
}

/** mutateMessage harms a Protobuf message somewhere inside and keeps all lengths around it right. */
export function mutateMessage(bytes: Buffer, chance: Chance, other: Buffer): Buffer {
  const fields = fieldsOf(bytes);
  if (fields === undefined || fields.length === 0) return mutateBytes(bytes, chance, other);
  const index = Math.floor(chance() * fields.length);
  const field = fields[index];
  if (field === undefined) return bytes;
  if (field.wire === 2 && chance() < 0.75) {
    fields[index] = { ...field, content: mutateMessage(field.content, chance, other) };
    return write(fields);
  }
  const replacements: readonly (() => readonly Field[])[] = [
    () => [],
    () => Array.from({ length: 2 + Math.floor(chance() * 30) }, () => field),
    () => [{ ...field, number: Math.floor(chance() * 20) }],
    () => [{ ...field, number: 2 ** 29 + Math.floor(chance() * 10) }],
    () => [{ number: field.number, wire: 2, content: Buffer.from(other.subarray(0, place(chance, other))) }],
    () => [{ number: field.number, wire: 0, content: Buffer.from(pick(chance, NASTY)) }],
    () => [{ number: field.number, wire: 1, content: Buffer.alloc(8, Math.floor(chance() * 256)) }],
    () => [nested(field, 1 + Math.floor(chance() * 300))],
    () => [field, { number: field.number, wire: 2, content: bytes }],
  ];
  fields.splice(index, 1, ...pick(chance, replacements)());
  return write(fields);
}

/** nested puts a field into itself again and again: values of arrays may be nested without end. */
function nested(field: Field, depth: number): Field {
  let content = field.content;
  for (let i = 0; i < depth; i++)
    content = write([{ number: pick(() => (i % 3) / 3, [field.number, 1, 5]), wire: 2, content }]);
  return { number: field.number, wire: 2, content };
}

const ODD_JSON: readonly unknown[] = [
  null,
  true,
  "",
  "x",
  -1,
  1e308,
  0.5,
  "18446744073709551616",
  "NaN",
  "-Infinity",
  [],
  {},
  [[[]]],
  { __proto__: { a: 1 } },
  "\ud800",
  "\u0000",
  "a".repeat(70_000),
];

/** mutateJson replaces, leaves out or repeats a value somewhere inside; undefined text stays as it is. */
export function mutateJson(bytes: Buffer, chance: Chance): Buffer {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    return bytes;
  }
  const text = JSON.stringify(inside(value, chance, 0)) ?? "";
  if (chance() > 0.05) return Buffer.from(text);
  const depth = Math.floor(chance() * 4000);
  return Buffer.from("[".repeat(depth) + text + "]".repeat(depth));
}

function inside(value: unknown, chance: Chance, depth: number): unknown {
  if (typeof value !== "object" || value === null || chance() < 0.08) return pick(chance, ODD_JSON);
  if (Array.isArray(value)) {
    if (value.length === 0) return [pick(chance, ODD_JSON)];
    const copy: unknown[] = [...value];
    const at = Math.floor(chance() * copy.length);
    if (chance() < 0.1) copy.push(copy[at]);
    copy[at] = inside(copy[at], chance, depth + 1);
    return copy;
  }
  const entries = Object.entries(value);
  const at = Math.floor(chance() * entries.length);
  const found = entries[at];
  if (found === undefined || chance() < 0.1)
    return { ...value, [pick(chance, ["value", "spans", "kvlistValue", "x"])]: pick(chance, ODD_JSON) };
  entries[at] = [found[0], inside(found[1], chance, depth + 1)];
  return Object.fromEntries(entries);
}
