import { TelemetryError } from "../../errors.js";

/** THRIFT gives the types of values, numbered as the binary protocol has them (apache/thrift: doc/specs/thrift-binary-protocol.md). */
export const THRIFT = {
  STOP: 0,
  BOOL: 2,
  BYTE: 3,
  DOUBLE: 4,
  I16: 6,
  I32: 8,
  I64: 10,
  BINARY: 11,
  STRUCT: 12,
  MAP: 13,
  SET: 14,
  LIST: 15,
  UUID: 16,
} as const;

// What the compact protocol calls them (doc/specs/thrift-compact-protocol.md); 1 and 2 are true and false, which a field's head holds.
const compactTypes: readonly number[] = [
  THRIFT.STOP,
  THRIFT.BOOL,
  THRIFT.BOOL,
  THRIFT.BYTE,
  THRIFT.I16,
  THRIFT.I32,
  THRIFT.I64,
  THRIFT.DOUBLE,
  THRIFT.BINARY,
  THRIFT.LIST,
  THRIFT.SET,
  THRIFT.MAP,
  THRIFT.STRUCT,
  THRIFT.UUID,
];
const compactTrue = 1;

/** ThriftProtocol is how values stand: of fixed width, big-endian, or as varints. */
export type ThriftProtocol = "binary" | "compact";

/** ThriftMessage is the head of a call. */
export interface ThriftMessage {
  readonly name: string;
  readonly kind: number;
}

// No sender of telemetry nests deeper than a batch's six levels; deeper is an attack on the stack.
const mostDepth = 64;
// A struct of a few bytes costs an object; more of them than the largest body of honest spans has are refused.
const mostStructs = 2_000_000;

const mostName = 256;

/**
 * ThriftReader walks values of Thrift's binary or compact protocol in place. It never reads outside its bytes; bytes that end too
 * early are TelemetryError `truncated-thrift`, everything else that is wrong is `malformed-thrift`, with the offset.
 */
export class ThriftReader {
  /** type is the type of the last field, one of THRIFT. */
  type = 0;
  private pos = 0;
  private field = 0;
  private readonly outer: number[] = [];
  private structs = 0;
  /** The value of a field of the compact protocol that is a bool stands in the field's head. */
  private flag: boolean | undefined;
  private readonly buffer: Buffer;
  private readonly compact: boolean;

  constructor(bytes: Uint8Array, protocol: ThriftProtocol) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.compact = protocol === "compact";
  }

  /** done tells whether all bytes were read. */
  get done(): boolean {
    return this.pos >= this.buffer.length;
  }

  /** message reads the head of a call. */
  message(): ThriftMessage {
    const at = this.pos;
    if (this.compact) {
      // 0x82, then three bits of kind and five of the version, which is 1.
      if (this.byte() !== 0x82) throw this.malformed(at, "no message of the compact protocol");
      const kind = this.byte();
      if ((kind & 0x1f) !== 1) throw this.malformed(at, `version ${kind & 0x1f} of the compact protocol`);
      this.varint();
      return { name: this.text(), kind: kind >> 5 };
    }
    const first = this.i32();
    if (first < 0) {
      if (first >>> 16 !== 0x8001) throw this.malformed(at, "a version of the binary protocol that is not 1");
      const name = this.text();
      this.i32();
      return { name, kind: first & 0xff };
    }
    // The older head begins with the name's length; other bytes mostly make a large number.
    if (first > mostName) throw this.malformed(at, "no head of a call");
    const name = this.take(first).toString("utf8");
    const kind = this.byte();
    this.i32();
    return { name, kind };
  }

  /** begin enters a struct; next() then gives its fields up to the end, which leaves it. */
  begin(): void {
    if (this.outer.length >= mostDepth) throw this.malformed(this.pos, `more than ${mostDepth} levels`);
    if (++this.structs > mostStructs) throw this.malformed(this.pos, `more than ${mostStructs} structs`);
    this.outer.push(this.field);
    this.field = 0;
  }

  /** next reads a field's head and gives its number; undefined is the struct's end. */
  next(): number | undefined {
    const at = this.pos;
    const head = this.byte();
    if (this.compact) {
      const kind = head & 0x0f;
      if (head === 0) return this.leave();
      this.type = this.typeOf(kind, at);
      this.field = head >> 4 === 0 ? this.i16() : this.field + (head >> 4);
      this.flag = this.type === THRIFT.BOOL ? kind === compactTrue : undefined;
      return this.field;
    }
    if (head === THRIFT.STOP) return this.leave();
    this.type = head;
    this.field = this.i16();
    return this.field;
  }

  private leave(): undefined {
    this.field = this.outer.pop() ?? 0;
  }

  /** list reads a list's head: how many elements of type `of` follow. A list of another type is `malformed-thrift`. */
  list(of: number): number {
    const at = this.pos;
    const { type, count } = this.listHead();
    if (count > 0 && type !== of) throw this.malformed(at, `a list of type ${type}, not ${of}`);
    return count;
  }

  bool(): boolean {
    const flag = this.flag;
    if (flag === undefined) return this.byte() === 1;
    this.flag = undefined;
    return flag;
  }

  i32(): number {
    if (this.compact) return Number(BigInt.asIntN(32, this.zigzag()));
    this.need(4);
    const value = this.buffer.readInt32BE(this.pos);
    this.pos += 4;
    return value;
  }

  i64(): bigint {
    if (this.compact) return this.zigzag();
    this.need(8);
    const value = this.buffer.readBigInt64BE(this.pos);
    this.pos += 8;
    return value;
  }

  double(): number {
    this.need(8);
    const value = this.compact ? this.buffer.readDoubleLE(this.pos) : this.buffer.readDoubleBE(this.pos);
    this.pos += 8;
    return value;
  }

  text(): string {
    return this.binary().toString("utf8");
  }

  /** binary gives bytes as they lie; they are the body's. */
  binary(): Buffer {
    const at = this.pos;
    const length = this.compact ? this.count() : this.i32();
    if (length < 0) throw this.malformed(at, `a length of ${length}`);
    return this.take(length);
  }

  /** skip passes over the value of the last field. */
  skip(): void {
    this.pass(this.type, this.outer.length);
  }

  private pass(type: number, depth: number): void {
    if (depth > mostDepth) throw this.malformed(this.pos, `more than ${mostDepth} levels`);
    switch (type) {
      case THRIFT.BOOL:
        this.bool();
        return;
      case THRIFT.BYTE:
        this.byte();
        return;
      case THRIFT.I16:
        this.i16();
        return;
      case THRIFT.I32:
        this.i32();
        return;
      case THRIFT.I64:
        this.i64();
        return;
      case THRIFT.DOUBLE:
        this.double();
        return;
      case THRIFT.UUID:
        this.take(16);
        return;
      case THRIFT.BINARY:
        this.binary();
        return;
      case THRIFT.STRUCT:
        this.begin();
        while (this.next() !== undefined) this.pass(this.type, depth + 1);
        return;
      case THRIFT.LIST:
      case THRIFT.SET: {
        const { type: of, count } = this.listHead();
        for (let i = 0; i < count; i++) this.pass(of, depth + 1);
        return;
      }
      case THRIFT.MAP:
        this.passMap(depth);
        return;
      default:
        throw this.malformed(this.pos, `type ${type}, which there is not`);
    }
  }

  private passMap(depth: number): void {
    let key: number;
    let value: number;
    let count: number;
    if (this.compact) {
      count = this.counted();
      // An empty map has no types.
      const types = count === 0 ? 0 : this.byte();
      key = this.typeOf(types >> 4, this.pos);
      value = this.typeOf(types & 0x0f, this.pos);
    } else {
      key = this.byte();
      value = this.byte();
      count = this.checked(this.i32());
    }
    for (let i = 0; i < count; i++) {
      this.pass(key, depth + 1);
      this.pass(value, depth + 1);
    }
  }

  private listHead(): { type: number; count: number } {
    if (!this.compact) {
      const type = this.byte();
      return { type, count: this.checked(this.i32()) };
    }
    const head = this.byte();
    const type = this.typeOf(head & 0x0f, this.pos - 1);
    return { type, count: head >> 4 === 15 ? this.counted() : this.checked(head >> 4) };
  }

  private counted(): number {
    return this.checked(this.count());
  }

  /** checked refuses more elements than bytes are left: each takes one at least. */
  private checked(count: number): number {
    if (count < 0) throw this.malformed(this.pos, `${count} elements`);
    if (count > this.buffer.length - this.pos) throw this.truncated(this.pos);
    return count;
  }

  /** count reads a varint that tells a size, of 32 bits. */
  private count(): number {
    const at = this.pos;
    const value = this.varint();
    if (value > 0x7fff_ffffn) throw this.malformed(at, `a size of ${value}`);
    return Number(value);
  }

  private i16(): number {
    if (this.compact) return Number(BigInt.asIntN(16, this.zigzag()));
    this.need(2);
    const value = this.buffer.readInt16BE(this.pos);
    this.pos += 2;
    return value;
  }

  private zigzag(): bigint {
    const value = this.varint();
    return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
  }

  private varint(): bigint {
    const at = this.pos;
    // Most are sizes and numbers of fields, of one to four bytes: those need no BigInt on the way.
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (value > 0xffff_ffff_ffff_ffffn) break;
        return value;
      }
    }
    throw this.malformed(at, "a number of more than 64 bits");
  }

  private typeOf(kind: number, at: number): number {
    const type = compactTypes[kind];
    if (type === undefined) throw this.malformed(at, `type ${kind}, which there is not`);
    return type;
  }

  private byte(): number {
    const byte = this.buffer[this.pos];
    if (byte === undefined) throw this.truncated(this.pos);
    this.pos++;
    return byte;
  }

  private take(length: number): Buffer {
    this.need(length);
    this.pos += length;
    return this.buffer.subarray(this.pos - length, this.pos);
  }

  private need(length: number): void {
    if (length > this.buffer.length - this.pos) throw this.truncated(this.pos);
  }

  private truncated(at: number): TelemetryError {
    return new TelemetryError("truncated-thrift", `reading Thrift: the bytes end at ${this.buffer.length}`, {
      offset: at,
      hint: "the sender or the way here cut it off: UDP takes no more than 65,507 bytes a datagram",
    });
  }

  private malformed(at: number, what: string): TelemetryError {
    return new TelemetryError("malformed-thrift", `reading Thrift at byte ${at}: ${what}`, {
      offset: at,
      hint: "send jaeger.thrift's Batch, over HTTP in the binary protocol",
    });
  }
}
