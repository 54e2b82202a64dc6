import { malformed, type WireReader } from "../../wire/reader.js";
import { WIRE } from "../../wire/types.js";
import { WireWriter } from "../../wire/writer.js";
import { isId, PPROF, PprofFields } from "./fields.js";
import { eachNumber, type Label, labelOf, valueAt } from "./sample.js";

/** PprofSource is who a pprof profile is of; pprof itself does not say. */
export interface PprofSource {
  readonly service: string;
  /** Other attributes of the resource. */
  readonly attributes: readonly (readonly [key: string, value: string])[];
}

const BUILD_ID = "process.executable.build_id.gnu";
/** What the first strings of the dictionary are: index 0 means "none", 1 is BUILD_ID. */
const OWN_STRINGS = ["", BUILD_ID] as const;
/** NOWHERE lies outside of every table: who reads the request rejects the sample that leads there. */
const NOWHERE = 0x7fffffff;

/** TYPES_MAX bounds the work: samples are read once for each type. Go's profiles have four at most. */
const TYPES_MAX = 64;
/** BYTES_MAX bounds what labels that are repeated for each type can make of a few bytes. */
const BYTES_MAX = 128 << 20;

/** Bases are where a profile's entries begin in the tables that all profiles of the request share. */
interface Bases {
  readonly strings: number;
  readonly mappings: number;
  readonly functions: number;
  readonly locations: number;
  readonly stacks: number;
}

/**
 * PprofToOtlp makes one OTLP request of profiles in pprof's format (google/pprof's profile.proto, without gzip), bytes to
 * bytes: an OTLP profile for each sample type, of the samples that have a value of it. Labels become attributes, but
 * `trace_id` and `span_id` the sample's link. Throws TelemetryError with the offset for what is no pprof profile.
 */
export class PprofToOtlp {
  private readonly resources = new WireWriter();
  private readonly dictionary = new WireWriter();
  private strings = 0;
  private mappings = 0;
  private locations = 0;
  private functions = 0;
  private attributes = 0;
  private links = 0;
  private stacks = 0;

  constructor() {
    for (const text of OWN_STRINGS) {
      this.dictionary.tag(5, WIRE.BYTES);
      this.dictionary.string(text);
      this.strings++;
    }
    for (const field of [1, 2, 3, 4, 6, 7]) this.dictionary.end(this.dictionary.begin(field));
    this.mappings = this.locations = this.functions = this.attributes = this.links = this.stacks = 1;
  }

  /** add appends a profile. When it throws, nothing more may be done with this request. */
  add(bytes: Uint8Array, source: PprofSource): void {
    const profile = new PprofFields(bytes);
    if (profile.types.length === 0)
      throw malformed(0, "a profile without sample types, which is none of pprof's");
    if (profile.types.length > TYPES_MAX)
      throw malformed(0, `a profile of ${profile.types.length} sample types, more than ${TYPES_MAX}`);
    const bases: Bases = {
      strings: this.strings,
      mappings: this.mappings,
      functions: this.functions,
      locations: this.locations,
      stacks: this.stacks,
    };
    this.writeTables(profile, bases);
    const { resources } = this;
    const outer = resources.begin(1);
    const resource = resources.begin(1);
    for (const [key, value] of [["service.name", source.service] as const, ...source.attributes]) {
      const attribute = resources.begin(1);
      resources.tag(1, WIRE.BYTES);
      resources.string(key);
      const text = resources.begin(2);
      resources.tag(1, WIRE.BYTES);
      resources.string(value);
      resources.end(text);
      resources.end(attribute);
    }
    resources.end(resource);
    const scope = resources.begin(2);
    this.writeProfiles(profile, bases);
    resources.end(scope);
    resources.end(outer);
  }

  /** finish gives the request: an ExportProfilesServiceRequest. */
  finish(): Uint8Array {
    const { resources, dictionary } = this;
    resources.tag(2, WIRE.BYTES);
    resources.bytes(dictionary.finish());
    return resources.finish();
  }

  private writeTables(profile: PprofFields, bases: Bases): void {
    const { dictionary } = this;
    for (let i = 0; i < profile.strings.length; i += 2) {
      dictionary.tag(5, WIRE.BYTES);
      dictionary.bytes(profile.bytes.subarray(profile.strings[i], profile.strings[i + 1]));
      this.strings++;
    }
    profile.each(profile.mappings, (reader) => this.writeMapping(profile, reader, bases));
    profile.each(profile.functions, (reader) => this.writeFunction(profile, reader, bases));
    profile.each(profile.locations, (reader) => this.writeLocation(profile, reader, bases));
  }

  private writeMapping(profile: PprofFields, reader: WireReader, bases: Bases): void {
    let buildId = 0;
    const numbers = new Map<number, readonly [number, number]>();
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field > 6) {
        reader.skip();
        continue;
      }
      reader.expect(WIRE.VARINT, field);
      reader.varint64();
      if (field === 6) buildId = reader.lo;
      else numbers.set(field, [reader.lo, reader.hi]);
    }
    const attribute =
      buildId === 0
        ? 0
        : this.writeAttribute(1, (value) => {
            value.tag(8, WIRE.VARINT);
            value.int32(indexOf(profile, buildId, bases));
          });
    const { dictionary } = this;
    const mark = dictionary.begin(1);
    for (const [field, own] of [
      [2, 1],
      [3, 2],
      [4, 3],
    ] as const) {
      const [lo = 0, hi = 0] = numbers.get(field) ?? [];
      dictionary.tag(own, WIRE.VARINT);
      dictionary.varint64(lo, hi);
    }
    dictionary.tag(4, WIRE.VARINT);
    dictionary.int32(indexOf(profile, numbers.get(5)?.[0] ?? 0, bases));
    if (attribute !== 0) {
      dictionary.tag(5, WIRE.VARINT);
      dictionary.int32(attribute);
    }
    dictionary.end(mark);
    this.mappings++;
  }

  private writeFunction(profile: PprofFields, reader: WireReader, bases: Bases): void {
    const { dictionary } = this;
    const mark = dictionary.begin(3);
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1 || field > 5) {
        reader.skip();
        continue;
      }
      // Name, system name, file and start line are one field number earlier in OTLP.
      reader.expect(WIRE.VARINT, field);
      reader.varint64();
      dictionary.tag(field - 1, WIRE.VARINT);
      if (field === 5) dictionary.varint64(reader.lo, reader.hi);
      else dictionary.int32(indexOf(profile, reader.lo, bases));
    }
    dictionary.end(mark);
    this.functions++;
  }

  private writeLocation(profile: PprofFields, reader: WireReader, bases: Bases): void {
    const { dictionary } = this;
    const mark = dictionary.begin(2);
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 2 || field === 3) {
        reader.expect(WIRE.VARINT, field);
        reader.varint64();
        dictionary.tag(field - 1, WIRE.VARINT);
        if (field === 3) dictionary.varint64(reader.lo, reader.hi);
        else dictionary.int32(entryOf(profile.mappingIds, reader, bases.mappings));
      } else if (field === 4) {
        reader.expect(WIRE.BYTES, field);
        const outer = reader.enter();
        const line = dictionary.begin(3);
        for (let inner = reader.next(); inner !== 0; inner = reader.next()) {
          if (inner > 3) {
            reader.skip();
            continue;
          }
          reader.expect(WIRE.VARINT, inner);
          reader.varint64();
          dictionary.tag(inner, WIRE.VARINT);
          if (inner === 1) dictionary.int32(entryOf(profile.functionIds, reader, bases.functions));
          else dictionary.varint64(reader.lo, reader.hi);
        }
        dictionary.end(line);
        reader.leave(outer);
      } else reader.skip();
    }
    dictionary.end(mark);
    this.locations++;
  }

  private writeProfiles(profile: PprofFields, bases: Bases): void {
    const { resources } = this;
    // What a sample has of attributes and link, once for all its types.
    const labels: (readonly [attributes: readonly number[], link: number])[] = [];
    const known = new Map<string, number>();
    profile.each(profile.samples, (reader) => {
      labels.push(this.writeStackAndLabels(profile, reader, bases, known));
    });
    for (const [index, [type, unit]] of profile.types.entries()) {
      const mark = resources.begin(2);
      this.writeType(1, indexOf(profile, type, bases), indexOf(profile, unit, bases));
      resources.tag(3, WIRE.FIXED64);
      resources.fixed64(...profile.time);
      resources.tag(4, WIRE.VARINT);
      resources.varint64(...profile.duration);
      const [periodType, periodUnit] = profile.periodType;
      this.writeType(5, indexOf(profile, periodType, bases), indexOf(profile, periodUnit, bases));
      resources.tag(6, WIRE.VARINT);
      resources.varint64(...profile.period);
      let sample = 0;
      profile.each(profile.samples, (reader) => {
        const [attributes, link] = labels[sample] ?? [[], 0];
        const [lo, hi] = valueAt(reader, index);
        if (lo !== 0 || hi !== 0) {
          const each = resources.begin(2);
          resources.tag(1, WIRE.VARINT);
          resources.int32(bases.stacks + sample);
          for (const attribute of attributes) {
            resources.tag(2, WIRE.VARINT);
            resources.int32(attribute);
          }
          resources.tag(3, WIRE.VARINT);
          resources.int32(link);
          resources.tag(4, WIRE.VARINT);
          resources.varint64(lo, hi);
          resources.end(each);
          if (resources.byteLength > BYTES_MAX)
            throw malformed(reader.pos, `labels that make more than ${BYTES_MAX} bytes of samples`);
        }
        sample++;
      });
      resources.end(mark);
    }
  }

  private writeType(field: number, type: number, unit: number): void {
    const mark = this.resources.begin(field);
    this.resources.tag(1, WIRE.VARINT);
    this.resources.int32(type);
    this.resources.tag(2, WIRE.VARINT);
    this.resources.int32(unit);
    this.resources.end(mark);
  }

  /** writeStackAndLabels puts a sample's stack into the table, which has as many as there are samples, and gives the rest. */
  private writeStackAndLabels(
    profile: PprofFields,
    reader: WireReader,
    bases: Bases,
    known: Map<string, number>,
  ): readonly [readonly number[], number] {
    const { dictionary } = this;
    const attributes: number[] = [];
    let trace = "";
    let span = "";
    const locations: number[] = [];
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) {
        const push = () => locations.push(entryOf(profile.locationIds, reader, bases.locations));
        eachNumber(reader, push);
      } else if (field === 3) {
        reader.expect(WIRE.BYTES, field);
        const outer = reader.enter();
        const [key, text, lo, hi, unit] = labelOf(reader);
        reader.leave(outer);
        const name = profile.text(key);
        if (name === "trace_id" && isId(profile.text(text), 32)) trace = profile.text(text);
        else if (name === "span_id" && isId(profile.text(text), 16)) span = profile.text(text);
        else attributes.push(this.label(profile, bases, known, [key, text, lo, hi, unit]));
      } else reader.skip();
    }
    const mark = dictionary.begin(7);
    const packed = dictionary.begin(1);
    for (const location of locations) dictionary.int32(location);
    dictionary.end(packed);
    dictionary.end(mark);
    this.stacks++;
    if (trace === "" && span === "") return [attributes, 0];
    const id = `${trace}/${span}`;
    const link = known.get(id) ?? this.links;
    if (link === this.links) {
      known.set(id, this.links++);
      const own = dictionary.begin(4);
      dictionary.tag(1, WIRE.BYTES);
      dictionary.hex(trace);
      dictionary.tag(2, WIRE.BYTES);
      dictionary.hex(span);
      dictionary.end(own);
    }
    return [attributes, link];
  }

  private label(profile: PprofFields, bases: Bases, known: Map<string, number>, label: Label): number {
    const id = label.join(" ");
    const found = known.get(id);
    if (found !== undefined) return found;
    const [key, text, lo, hi, unit] = label;
    const index = this.writeAttribute(
      indexOf(profile, key, bases),
      (value) => {
        if (text !== 0) {
          value.tag(8, WIRE.VARINT);
          value.int32(indexOf(profile, text, bases));
        } else {
          value.tag(3, WIRE.VARINT);
          value.varint64(lo, hi);
        }
      },
      indexOf(profile, unit, bases),
    );
    known.set(id, index);
    return index;
  }

  private writeAttribute(key: number, write: (value: WireWriter) => void, unit = 0): number {
    const { dictionary } = this;
    const mark = dictionary.begin(6);
    dictionary.tag(1, WIRE.VARINT);
    dictionary.int32(key);
    const value = dictionary.begin(2);
    write(dictionary);
    dictionary.end(value);
    if (unit !== 0) {
      dictionary.tag(3, WIRE.VARINT);
      dictionary.int32(unit);
    }
    dictionary.end(mark);
    return this.attributes++;
  }
}

/** indexOf takes an index of the profile's own string table to that of the request. */
function indexOf(profile: PprofFields, index: number, bases: Bases): number {
  if (index === 0) return 0;
  return index < profile.strings.length / 2 ? bases.strings + index : NOWHERE;
}

/** entryOf takes an id, just read, to an index of the request's table; 0 is "none" in both. */
function entryOf(ids: ReadonlyMap<number, number>, reader: WireReader, base: number): number {
  const id = reader.hi * PPROF.HIGH + reader.lo;
  if (id === 0) return 0;
  const found = ids.get(id);
  return found === undefined ? NOWHERE : base + found;
}
