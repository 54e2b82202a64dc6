import { WIRE } from "../../wire/types.js";
import { WireWriter } from "../../wire/writer.js";
import { PPROF } from "./fields.js";

/** PprofFrame is one frame of a stack; an address alone is enough, and so is a name. */
export interface PprofFrame {
  readonly name: string;
  readonly file: string;
  /** line is the source line, 0 when unknown. */
  readonly line: number;
  readonly mapping: string;
  readonly buildId: string;
  /** address is an offset in the mapping's file. */
  readonly address: bigint;
  /** inlined: the function was inlined into the next frame's. */
  readonly inlined: boolean;
}

/** LIMIT is where each mapping ends that is written: offsets in a file lie below. */
const LIMIT = (1n << 63n) - 1n;

/** PprofWriter writes a profile in pprof's format (google/pprof's profile.proto, without gzip). */
export class PprofWriter {
  private readonly out = new WireWriter();
  private readonly texts = new Map<string, number>([["", 0]]);
  private readonly functions = new Map<string, number>();
  private readonly locations = new Map<string, number>();
  private readonly mappings = new Map<string, number>();

  /** A profile of some types of values, each with its unit. */
  constructor(types: readonly (readonly [type: string, unit: string])[]) {
    for (const [type, unit] of types) {
      const mark = this.out.begin(PPROF.SAMPLE_TYPE);
      this.varint(1, this.text(type));
      this.varint(2, this.text(unit));
      this.out.end(mark);
    }
  }

  /** add appends a stack, the innermost frame first, with a value of each type. */
  add(frames: readonly PprofFrame[], values: readonly bigint[]): void {
    const locations: number[] = [];
    for (let i = 0; i < frames.length; ) {
      const first = i;
      while (i < frames.length - 1 && frames[i]?.inlined === true) i++;
      i++;
      locations.push(this.location(frames.slice(first, i)));
    }
    const mark = this.out.begin(PPROF.SAMPLE);
    for (const location of locations) this.varint(1, location);
    for (const value of values) this.int64(2, value);
    this.out.end(mark);
  }

  /** finish gives the profile; times are Unix nanoseconds. Nothing may be added after. */
  finish(timeNs: bigint, durationNs: bigint): Uint8Array {
    this.int64(PPROF.TIME, timeNs);
    this.int64(PPROF.DURATION, durationNs);
    for (const text of this.texts.keys()) {
      this.out.tag(PPROF.STRING, WIRE.BYTES);
      this.out.string(text);
    }
    return this.out.finish();
  }

  /** location writes the frames of one address, once; they come before the sample, as messages of the profile do anyhow. */
  private location(frames: readonly PprofFrame[]): number {
    const [frame] = frames;
    const id = frames
      .map(({ name, file, line, mapping, buildId, address }) =>
        [name, file, line, mapping, buildId, address].join("\0"),
      )
      .join("\0\0");
    const known = this.locations.get(id);
    if (known !== undefined || frame === undefined) return known ?? 0;
    const mapping = this.mapping(frame);
    const named = frames.filter(({ name }) => name !== "");
    const functions = named.map((each) => this.functionOf(each));
    const number = this.locations.size + 1;
    this.locations.set(id, number);
    const mark = this.out.begin(PPROF.LOCATION);
    this.varint(1, number);
    if (mapping !== 0) this.varint(2, mapping);
    this.int64(3, frame.address);
    for (const [i, { line }] of named.entries()) {
      const own = this.out.begin(4);
      this.varint(1, functions[i] ?? 0);
      this.varint(2, line);
      this.out.end(own);
    }
    this.out.end(mark);
    return number;
  }

  private functionOf({ name, file }: PprofFrame): number {
    const id = `${name}\0${file}`;
    const known = this.functions.get(id);
    if (known !== undefined) return known;
    const number = this.functions.size + 1;
    this.functions.set(id, number);
    const mark = this.out.begin(PPROF.FUNCTION);
    this.varint(1, number);
    this.varint(2, this.text(name));
    this.varint(3, this.text(name));
    this.varint(4, this.text(file));
    this.out.end(mark);
    return number;
  }

  private mapping({ mapping, buildId, name }: PprofFrame): number {
    if (mapping === "" && buildId === "") return 0;
    const id = `${mapping}\0${buildId}\0${name !== ""}`;
    const known = this.mappings.get(id);
    if (known !== undefined) return known;
    const number = this.mappings.size + 1;
    this.mappings.set(id, number);
    const mark = this.out.begin(PPROF.MAPPING);
    this.varint(1, number);
    this.int64(3, LIMIT);
    this.varint(5, this.text(mapping));
    this.varint(6, this.text(buildId));
    // Where names are known, pprof is not to look for them in a binary of its own.
    if (name !== "") for (const known of [7, 8, 9, 10]) this.varint(known, 1);
    this.out.end(mark);
    return number;
  }

  private text(text: string): number {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    const number = this.texts.size;
    this.texts.set(text, number);
    return number;
  }

  private varint(field: number, value: number): void {
    this.out.tag(field, WIRE.VARINT);
    this.out.uint32(value);
  }

  private int64(field: number, value: bigint): void {
    this.out.tag(field, WIRE.VARINT);
    this.out.varint64(Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n)));
  }
}
