// Kafka's messages, written for tests.

/** Bytes is what messages are put together of. */
export type Bytes = readonly number[];

const big = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Number((BigInt(value) >> BigInt(8 * (bytes - 1 - i))) & 0xffn));

/** i8 to i64 are whole numbers, big-endian. */
export const i8 = (value: number): number[] => big(value, 1);
export const i16 = (value: number): number[] => big(value, 2);
export const i32 = (value: number): number[] => big(value, 4);
export const i64 = (value: number): number[] => big(value, 8);

/** varint is an unsigned number of seven bits a byte, zigzag a signed one. */
export function varint(value: number): number[] {
  const digits: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) digits.push((rest % 128) | 128);
  return [...digits, rest];
}
export const zigzag = (value: number): number[] => varint(value < 0 ? -2 * value - 1 : 2 * value);

/** string and list are compact in flexible messages, which have tagged fields behind every struct. */
export const string = (text: string, flexible: boolean): number[] => [
  ...(flexible ? varint(text.length + 1) : i16(text.length)),
  ...Buffer.from(text),
];
export const list = (items: readonly Bytes[], flexible: boolean): number[] => [
  ...(flexible ? varint(items.length + 1) : i32(items.length)),
  ...items.flat(),
];
export const tags = (flexible: boolean): number[] => (flexible ? [0] : []);

/** TestRecord is one message of a batch. */
export interface TestRecord {
  readonly delta: number;
  readonly key?: string;
  readonly value?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const field = (text: string | undefined): number[] =>
  text === undefined ? zigzag(-1) : [...zigzag(text.length), ...Buffer.from(text)];

function recordOf({ delta, key, value, headers = {} }: TestRecord): number[] {
  const names = Object.entries(headers);
  const body = [
    0,
    ...zigzag(1_700_000),
    ...zigzag(delta),
    ...field(key),
    ...field(value),
    ...zigzag(names.length),
    ...names.flatMap(([name, text]) => [...field(name), ...field(text)]),
  ];
  return [...zigzag(body.length), ...body];
}

/** batchOf is a record batch of version 2; its checksum, times and producer are nothing. */
export function batchOf(first: number, records: readonly TestRecord[], attributes = 0): number[] {
  const body = records.flatMap(recordOf);
  const last = records.at(-1)?.delta ?? 0;
  return [
    ...i64(first),
    ...i32(49 + body.length),
    ...i32(0),
    2,
    ...i32(0),
    ...i16(attributes),
    ...i32(last),
    ...new Array<number>(34 - 4).fill(0),
    ...i32(records.length),
    ...body,
  ];
}
