import { WIRE, type WireReader } from "@go3s/telemetry";
import { Int64Column, UInt32Column } from "../columns/fixed.js";
import { WordColumn } from "../columns/word.js";
import { isZero, pushTime } from "./id-check.js";
import { INGEST_LIMITS, requireBelow } from "./limits.js";
import { ProfileAttributes } from "./profile-attributes.js";
import { FramesColumn } from "./profile-frames.js";
import { BAD, WRONG } from "./profile-problems.js";
import { ProfileStacks } from "./profile-stacks.js";
import { GOOD, IndexList, ProfileTables, UNKNOWN } from "./profile-tables.js";
import { type IngestOptions, SignalIngest } from "./signal-ingest.js";

/**
 * ProfilesIngest decodes ExportProfilesServiceRequest (opentelemetry-proto 1.11.0): a row per observation of each sample,
 * with its value or 1, at its own time or the profile's. A sample that names something outside of a table is rejected and
 * told; nothing is ever read there. Rejections count samples.
 */
export class ProfilesIngest extends SignalIngest {
  private readonly types = new WordColumn();
  private readonly units = new WordColumn();
  private readonly times = new Int64Column("Int64");
  private readonly durations = new Int64Column("UInt64");
  private readonly values = new Int64Column("Int64");
  private readonly stackIds = new Int64Column("UInt64");
  private readonly traceIds = new WordColumn();
  private readonly spanIds = new WordColumn();
  private readonly profileIds = new WordColumn();
  private readonly periodTypes = new WordColumn();
  private readonly periodUnits = new WordColumn();
  private readonly periods = new Int64Column("Int64");
  private readonly attributes = new ProfileAttributes();
  private readonly droppedAttributes = new UInt32Column();
  private readonly frames = new FramesColumn();
  private readonly tables = new ProfileTables();
  private readonly stacks = new ProfileStacks(this.tables, this.frames);
  /** What the sample being read lists; 64-bit numbers as low and high halves. The profile's attributes come first. */
  private readonly listed = new IndexList(INGEST_LIMITS.resourceAttributes);
  private readonly valueWords = new IndexList(2 * INGEST_LIMITS.rowsPerRequest);
  private readonly timeWords = new IndexList(2 * INGEST_LIMITS.rowsPerRequest);
  private profileAttributes = 0;
  private attributed = 0;
  private timeLo = 0;
  private timeHi = 0;

  constructor(options: IngestOptions = {}) {
    super("profiles", options);
    this.own([
      { name: "type", column: this.types },
      { name: "unit", column: this.units },
      { name: "timestamp_ns", column: this.times },
      { name: "duration_ns", column: this.durations },
      { name: "value", column: this.values },
      { name: "stack_id", column: this.stackIds },
      { name: "trace_id", column: this.traceIds },
      { name: "span_id", column: this.spanIds },
      { name: "profile_id", column: this.profileIds },
      { name: "period_type", column: this.periodTypes },
      { name: "period_unit", column: this.periodUnits },
      { name: "period", column: this.periods },
      { name: "attributes", column: this.attributes },
      { name: "dropped_attributes_count", column: this.droppedAttributes },
      { name: "frames", column: this.frames },
    ]);
  }

  protected override begin(reader: WireReader): void {
    this.tables.begin(reader);
    this.stacks.begin();
    this.strings = this.tables;
    this.attributed = 0;
  }

  /** item reads a profile twice: what holds for all samples first, wherever in it it stands. */
  protected item(reader: WireReader): void {
    const { tables, listed } = this;
    let [type, unit, periodType, periodUnit] = [0, 0, 0, 0];
    let [durationLo, durationHi, periodLo, periodHi] = [0, 0, 0, 0];
    let profileId = 0;
    let dropped = 0;
    this.timeLo = this.receivedLo;
    this.timeHi = this.receivedHi;
    listed.length = 0;
    const start = reader.pos;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      switch (field) {
        case 1:
        case 5: {
          reader.expect(WIRE.BYTES, field);
          if (field === 1) [type, unit] = readPair(reader, type, unit);
          else [periodType, periodUnit] = readPair(reader, periodType, periodUnit);
          break;
        }
        case 3:
          reader.expect(WIRE.FIXED64, field);
          reader.fixed64();
          if (reader.lo !== 0 || reader.hi !== 0) {
            this.timeLo = reader.lo;
            this.timeHi = reader.hi;
          }
          break;
        case 4:
        case 6:
          reader.expect(WIRE.VARINT, field);
          reader.varint64();
          if (field === 4) [durationLo, durationHi] = [reader.lo, reader.hi];
          else [periodLo, periodHi] = [reader.lo, reader.hi];
          break;
        case 7:
          reader.expect(WIRE.BYTES, field);
          profileId = idWord(this.profileIds, reader, 16);
          break;
        case 8:
          reader.expect(WIRE.VARINT, field);
          dropped = reader.uint32();
          break;
        case 11:
          listed.read(reader, field);
          break;
        default:
          reader.skip();
      }
    }
    this.profileAttributes = listed.length;
    const named = [type, unit, periodType, periodUnit].every((index) => tables.isString(index));
    const wrong = named ? this.wrongAttribute(0) : BAD.STRING;
    const before = this.times.rows;
    reader.pos = start;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field !== 2) {
        reader.skip();
        continue;
      }
      reader.expect(WIRE.BYTES, field);
      const outer = reader.enter();
      this.sample(reader, wrong);
      reader.leave(outer);
    }
    const rows = this.times.rows - before;
    if (rows === 0) return;
    this.types.fill(this.types.numberOfText(tables.text(type)), rows);
    this.units.fill(this.units.numberOfText(tables.text(unit)), rows);
    this.periodTypes.fill(this.periodTypes.numberOfText(tables.text(periodType)), rows);
    this.periodUnits.fill(this.periodUnits.numberOfText(tables.text(periodUnit)), rows);
    this.durations.fill(durationLo, durationHi, rows);
    this.periods.fill(periodLo, periodHi, rows);
    this.profileIds.fill(profileId, rows);
    for (let i = 0; i < rows; i++) this.droppedAttributes.push(dropped);
  }

  /** sample reads one sample that has been entered; `wrong` is what is the matter with its profile, or GOOD. */
  private sample(reader: WireReader, wrong: number): void {
    const { listed, valueWords, timeWords } = this;
    let stack = 0;
    let link = 0;
    listed.length = this.profileAttributes;
    valueWords.length = 0;
    timeWords.length = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      switch (field) {
        case 1:
          reader.expect(WIRE.VARINT, field);
          stack = reader.uint32();
          break;
        case 2:
          listed.read(reader, field);
          break;
        case 3:
          reader.expect(WIRE.VARINT, field);
          link = reader.uint32();
          break;
        case 4:
          readVarints(reader, valueWords);
          break;
        case 5:
          readFixed(reader, timeWords);
          break;
        default:
          reader.skip();
      }
    }
    requireBelow("attributes of a sample", listed.length, INGEST_LIMITS.resourceAttributes);
    // A list that ends in the middle of a number is one that was cut off at its limit.
    const [values, times] = [(valueWords.length + 1) >>> 1, (timeWords.length + 1) >>> 1];
    const rows = Math.max(values, times);
    requireBelow("rows", rows, INGEST_LIMITS.rowsPerRequest);
    let state = wrong;
    if (state === GOOD && rows === 0) state = BAD.EMPTY;
    if (state === GOOD && values > 0 && times > 0 && values !== times) state = BAD.UNEQUAL;
    if (state === GOOD && stack !== 0) state = this.stacks.resolve(stack);
    if (state === GOOD) state = this.wrongAttribute(this.profileAttributes);
    if (state === GOOD && link !== 0) state = this.resolveLink(link);
    if (state !== GOOD) this.reject(WRONG[state - BAD.STACK] ?? "");
    else this.push(stack, link, rows);
  }

  private push(stack: number, link: number, rows: number): void {
    const { tables, listed } = this;
    const { stacks, links } = tables;
    this.attributed += listed.length * rows;
    requireBelow("attributes of samples", this.attributed, INGEST_LIMITS.repeatedAttributes);
    const hasTimes = this.timeWords.length > 0;
    const hasValues = this.valueWords.length > 0;
    const { items: times } = this.timeWords;
    const { items: values } = this.valueWords;
    for (let i = 0; i < 2 * rows; i += 2) {
      this.rowDone();
      if (hasTimes) pushTime(this.times, times[i] ?? 0, times[i + 1] ?? 0);
      else pushTime(this.times, this.timeLo, this.timeHi);
      if (hasValues) this.values.push(values[i] ?? 0, values[i + 1] ?? 0);
      else this.values.push(1, 0);
    }
    const lo = stack === 0 ? 0 : (stacks.lo[stack] ?? 0);
    const hi = stack === 0 ? 0 : (stacks.hi[stack] ?? 0);
    this.stackIds.fill(lo, hi, rows);
    if ((lo !== 0 || hi !== 0) && this.frames.isNew(lo, hi, this.tenant)) this.stacks.push(stack);
    this.frames.endRow();
    if (rows > 1) this.frames.endRows(0, rows - 1);
    this.traceIds.fill(link === 0 ? 0 : (links.lo[link] ?? 0), rows);
    this.spanIds.fill(link === 0 ? 0 : (links.hi[link] ?? 0), rows);
    this.attributes.pushRows(tables, listed.items, listed.length, rows);
  }

  /** wrongAttribute gives what is wrong with the attributes listed from `first` on, or GOOD. */
  private wrongAttribute(first: number): number {
    const { listed } = this;
    const end = Math.min(listed.length, INGEST_LIMITS.resourceAttributes);
    for (let i = first; i < end; i++) {
      const index = listed.items[i] ?? 0;
      const state = index === 0 ? GOOD : this.attributes.resolve(this.tables, index);
      if (state !== GOOD) return state;
    }
    return GOOD;
  }

  private resolveLink(index: number): number {
    const { links } = this.tables;
    if (index >= links.length) return BAD.LINK;
    if (links.states[index] !== UNKNOWN) return GOOD;
    const reader = this.tables.open(links, index);
    links.lo[index] = 0;
    links.hi[index] = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field > 2) {
        reader.skip();
        continue;
      }
      reader.expect(WIRE.BYTES, field);
      if (field === 1) links.lo[index] = idWord(this.traceIds, reader, 16);
      else links.hi[index] = idWord(this.spanIds, reader, 8);
    }
    links.states[index] = GOOD;
    return GOOD;
  }
}

/** idWord reads the bytes that come next as hex; what has not the right length or is all zero is "no id". */
function idWord(column: WordColumn, reader: WireReader, wanted: number): number {
  const length = reader.length();
  const start = reader.pos;
  reader.pos += length;
  if (length !== wanted || isZero(reader.bytes, start, wanted)) return 0;
  const { buffer, byteOffset } = reader.bytes;
  return column.numberOfText(Buffer.from(buffer, byteOffset + start, wanted).toString("hex"));
}

/** readPair reads a ValueType, whose length comes next: the type's string and the unit's. Where it comes twice, both count as one. */
function readPair(reader: WireReader, type: number, unit: number): readonly [number, number] {
  const outer = reader.enter();
  let [first, second] = [type, unit];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field > 2) {
      reader.skip();
      continue;
    }
    reader.expect(WIRE.VARINT, field);
    if (field === 1) first = reader.uint32();
    else second = reader.uint32();
  }
  reader.leave(outer);
  return [first, second];
}

/** readVarints appends the numbers of a repeated int64 field, packed or not. */
function readVarints(reader: WireReader, into: IndexList): void {
  if (reader.wireType === WIRE.VARINT) {
    reader.varint64();
    into.push(reader.lo);
    into.push(reader.hi);
    return;
  }
  reader.expect(WIRE.BYTES, 4);
  const outer = reader.enter();
  while (reader.pos < reader.end) {
    reader.varint64();
    into.push(reader.lo);
    into.push(reader.hi);
  }
  reader.leave(outer);
}

/** readFixed appends the numbers of a repeated fixed64 field, packed or not. */
function readFixed(reader: WireReader, into: IndexList): void {
  if (reader.wireType === WIRE.FIXED64) {
    reader.fixed64();
    into.push(reader.lo);
    into.push(reader.hi);
    return;
  }
  reader.expect(WIRE.BYTES, 5);
  const outer = reader.enter();
  while (reader.pos < reader.end) {
    reader.fixed64();
    into.push(reader.lo);
    into.push(reader.hi);
  }
  reader.leave(outer);
}
