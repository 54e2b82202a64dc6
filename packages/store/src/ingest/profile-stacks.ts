import { WIRE } from "@go3s/telemetry";
import { INGEST_LIMITS, requireBelow } from "./limits.js";
import { FRAME_WORDS, type FramesColumn } from "./profile-frames.js";
import { GOOD, IndexList, type ProfileTables, UNKNOWN } from "./profile-tables.js";
import { StackHash } from "./stack-hash.js";

/** WRONG is what can be the matter with a sample, as its sender is told; a state of an entry is an index + 2. */
export const WRONG: readonly string[] = [
  "a stack outside of stack_table",
  "a location outside of location_table",
  "a mapping outside of mapping_table",
  "a function outside of function_table",
  "a string outside of string_table",
  "an attribute outside of attribute_table",
  "a link outside of link_table",
  `a stack of more than ${INGEST_LIMITS.framesPerStack} frames`,
  "neither values nor timestamps",
  "values and timestamps that differ in number",
];

/** BAD names the states. */
export const BAD = {
  STACK: 2,
  LOCATION: 3,
  MAPPING: 4,
  FUNCTION: 5,
  STRING: 6,
  ATTRIBUTE: 7,
  LINK: 8,
  TOO_DEEP: 9,
  EMPTY: 10,
  UNEQUAL: 11,
} as const;

/** Kinds keep hashes of different things apart; they are part of what is stored. */
const KIND = { TEXT: 1, FUNCTION: 2, MAPPING: 3, LOCATION: 4, STACK: 5 } as const;

const FRAME_TYPE = "profile.frame.type";
/** Build ids, the one to be kept first: GNU's and Go's are in the binary, the third is the eBPF profiler's hash of it. */
const BUILD_IDS = [
  "process.executable.build_id.gnu",
  "process.executable.build_id.go",
  "process.executable.build_id.htlhash",
];
/** What `counts` of an attribute says it is: not looked at, nothing special, a frame type, a build id (less is better). */
const ATTRIBUTE = { UNSEEN: 0, OTHER: 1, FRAME_TYPE: 2, BUILD_ID: 3 } as const;

/**
 * ProfileStacks makes numbers of a request's stacks, and frames of those that the block does not have yet. Each location
 * is read once: its frames lie in a pool then, as the columns want them.
 */
export class ProfileStacks {
  private readonly tables: ProfileTables;
  private readonly frames: FramesColumn;
  private readonly hash = new StackHash();
  /** pool holds the frames of all locations seen; `counts` of a location says where, `framesOf` how many. */
  private pool = new Uint32Array(FRAME_WORDS * 256);
  private pooled = 0;
  private pushed = 0;
  private readonly indices = new IndexList(INGEST_LIMITS.framesPerStack);
  private readonly attributes = new IndexList(INGEST_LIMITS.framesPerStack);
  private readonly lineFunctions = new IndexList(INGEST_LIMITS.framesPerStack);
  private readonly lineNumbers = new IndexList(INGEST_LIMITS.framesPerStack);
  /** The mapping that was read last, and what it says; -1: none yet. */
  private mapping = -1;
  private readonly range = new Uint32Array(6);
  private mappingWord = 0;
  private buildIdWord = 0;
  /** The type attribute that was read last. */
  private typeAttribute = -1;
  private typeWord = 0;
  private typeLo = 0;
  private typeHi = 0;

  constructor(tables: ProfileTables, frames: FramesColumn) {
    this.tables = tables;
    this.frames = frames;
  }

  /** begin forgets what was made of the last request's tables. */
  begin(): void {
    if (this.pool.length > FRAME_WORDS * 65_536) this.pool = new Uint32Array(FRAME_WORDS * 256);
    this.pooled = 0;
    this.pushed = 0;
    this.mapping = -1;
    this.typeAttribute = -1;
  }

  /** resolve gives GOOD or what is wrong with a stack; its number is in the table then. */
  resolve(index: number): number {
    const { stacks } = this.tables;
    if (index >= stacks.length) return BAD.STACK;
    const known = stacks.states[index] ?? UNKNOWN;
    if (known !== UNKNOWN) return known;
    const state = this.readStack(index);
    stacks.states[index] = state;
    return state;
  }

  /** push appends the frames of a stack that resolve() said is good. */
  push(index: number): void {
    const { locations } = this.tables;
    this.readIndices(index);
    for (let i = 0; i < this.indices.length; i++) {
      const location = this.indices.items[i] ?? 0;
      const first = (locations.counts[location] ?? 0) * FRAME_WORDS;
      // The last frame of a location is the one that is not inlined into another.
      for (let at = first; ; at += FRAME_WORDS) {
        this.frames.pushFrame(this.pool, at);
        this.pushed++;
        if (this.pool[at + 8] === 0) break;
      }
      requireBelow("frames", this.pushed, INGEST_LIMITS.framesPerRequest);
    }
  }

  private readIndices(index: number): void {
    const reader = this.tables.open(this.tables.stacks, index);
    this.indices.length = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) this.indices.read(reader, field);
      else reader.skip();
    }
  }

  private readStack(index: number): number {
    const { stacks, locations } = this.tables;
    this.readIndices(index);
    const { indices, hash } = this;
    if (indices.length > INGEST_LIMITS.framesPerStack) return BAD.TOO_DEEP;
    let depth = 0;
    for (let i = 0; i < indices.length; i++) {
      const location = indices.items[i] ?? 0;
      const state = this.resolveLocation(location);
      if (state !== GOOD) return state;
      depth += this.framesOf(location);
    }
    if (depth > INGEST_LIMITS.framesPerStack) return BAD.TOO_DEEP;
    stacks.lo[index] = 0;
    stacks.hi[index] = 0;
    if (indices.length === 0) return GOOD;
    hash.begin(KIND.STACK);
    for (let i = 0; i < indices.length; i++) {
      const location = indices.items[i] ?? 0;
      hash.word(locations.lo[location] ?? 0);
      hash.word(locations.hi[location] ?? 0);
    }
    hash.finish();
    stacks.lo[index] = hash.lo;
    stacks.hi[index] = hash.hi;
    return GOOD;
  }

  private framesOf(location: number): number {
    let at = (this.tables.locations.counts[location] ?? 0) * FRAME_WORDS;
    let frames = 1;
    for (; this.pool[at + 8] === 1; at += FRAME_WORDS) frames++;
    return frames;
  }

  private resolveLocation(index: number): number {
    const { locations } = this.tables;
    if (index >= locations.length) return BAD.LOCATION;
    const known = locations.states[index] ?? UNKNOWN;
    if (known !== UNKNOWN) return known;
    const state = this.readLocation(index);
    locations.states[index] = state;
    return state;
  }

  private readLocation(index: number): number {
    const { tables, lineFunctions, lineNumbers, attributes, hash, range } = this;
    const { locations, functions } = tables;
    let mapping = 0;
    let addressLo = 0;
    let addressHi = 0;
    attributes.length = 0;
    lineFunctions.length = 0;
    lineNumbers.length = 0;
    const reader = tables.open(locations, index);
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) {
        reader.expect(WIRE.VARINT, field);
        mapping = reader.uint32();
      } else if (field === 2) {
        reader.expect(WIRE.VARINT, field);
        reader.varint64();
        addressLo = reader.lo;
        addressHi = reader.hi;
      } else if (field === 3) {
        reader.expect(WIRE.BYTES, field);
        this.readLine();
      } else if (field === 4) attributes.read(reader, field);
      else reader.skip();
    }
    if (lineFunctions.length > INGEST_LIMITS.framesPerStack) return BAD.TOO_DEEP;
    const type = this.readType();
    if (type !== GOOD) return type;
    for (let i = 0; i < lineFunctions.length; i++) {
      const state = this.resolveFunction(lineFunctions.items[i] ?? 0);
      if (state !== GOOD) return state;
    }
    const state = this.readMapping(mapping);
    if (state !== GOOD) return state;
    // As an offset in the file: the same place wherever the binary was loaded, and what symbols are looked up by.
    const [startLo = 0, startHi = 0, limitLo = 0, limitHi = 0, offsetLo = 0, offsetHi = 0] = range;
    const isAbove = addressHi > startHi || (addressHi === startHi && addressLo >= startLo);
    const isBelow = addressHi < limitHi || (addressHi === limitHi && addressLo < limitLo);
    if ((startLo !== 0 || startHi !== 0) && isAbove && isBelow) {
      const distanceHi = addressHi - startHi - (addressLo < startLo ? 1 : 0);
      const low = ((addressLo - startLo) >>> 0) + offsetLo;
      addressLo = low >>> 0;
      addressHi = (distanceHi + offsetHi + (low > 0xffffffff ? 1 : 0)) >>> 0;
    }
    hash.begin(KIND.LOCATION);
    const { mappings } = tables;
    hash.word(mapping === 0 ? 0 : (mappings.lo[mapping] ?? 0));
    hash.word(mapping === 0 ? 0 : (mappings.hi[mapping] ?? 0));
    hash.word(addressLo);
    hash.word(addressHi);
    hash.word(this.typeLo);
    hash.word(this.typeHi);
    locations.counts[index] = this.pooled;
    const lines = Math.max(1, lineFunctions.length);
    requireBelow("frames", this.pooled + lines, INGEST_LIMITS.framesPerRequest);
    for (let i = 0; i < lines; i++) {
      const named = i < lineFunctions.length ? (lineFunctions.items[i] ?? 0) : 0;
      const line = i < lineFunctions.length ? (lineNumbers.items[i] ?? 0) : 0;
      hash.word(named === 0 ? 0 : (functions.lo[named] ?? 0));
      hash.word(named === 0 ? 0 : (functions.hi[named] ?? 0));
      hash.word(line);
      this.pushPooled(named, line, addressLo, addressHi, i + 1 < lines ? 1 : 0);
    }
    hash.finish();
    locations.lo[index] = hash.lo;
    locations.hi[index] = hash.hi;
    return GOOD;
  }

  /** readLine reads the Line message that comes next of the location being read. */
  private readLine(): void {
    const { reader } = this.tables;
    const outer = reader.enter();
    let named = 0;
    let line = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field > 2) {
        reader.skip();
        continue;
      }
      reader.expect(WIRE.VARINT, field);
      const value = reader.uint32();
      if (field === 1) named = value;
      else line = value;
    }
    reader.leave(outer);
    this.lineFunctions.push(named);
    this.lineNumbers.push(line);
  }

  private pushPooled(named: number, line: number, lo: number, hi: number, inlined: number): void {
    const at = this.pooled * FRAME_WORDS;
    if (at + FRAME_WORDS > this.pool.length) {
      const larger = new Uint32Array(2 * this.pool.length);
      larger.set(this.pool);
      this.pool = larger;
    }
    const { pool, names } = this;
    this.readNames(named);
    pool[at] = this.word(this.frames.functions, names[0] ?? 0);
    pool[at + 1] = this.word(this.frames.files, names[1] ?? 0);
    pool[at + 2] = line;
    pool[at + 3] = this.mappingWord;
    pool[at + 4] = this.buildIdWord;
    pool[at + 5] = lo;
    pool[at + 6] = hi;
    pool[at + 7] = this.typeWord;
    pool[at + 8] = inlined;
    this.pooled++;
  }

  private word(column: FramesColumn["functions"], text: number): number {
    if (text === 0) return 0;
    const { strings, reader } = this.tables;
    return column.dictionary.numberOf(
      reader.bytes,
      reader.view,
      strings.starts[text] ?? 0,
      strings.ends[text] ?? 0,
    );
  }

  /** names is the function that was read last: its name and file as strings of the table. */
  private readonly names = new Uint32Array(2);

  /** readNames reads a function's name, the system's one where it has no other, and its file. */
  private readNames(index: number): void {
    const { names } = this;
    names.fill(0);
    if (index === 0) return;
    const reader = this.tables.open(this.tables.functions, index);
    let system = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field > 3) {
        reader.skip();
        continue;
      }
      reader.expect(WIRE.VARINT, field);
      const value = reader.uint32();
      if (field === 1) names[0] = value;
      else if (field === 2) system = value;
      else names[1] = value;
    }
    if (names[0] === 0) names[0] = system;
  }

  private resolveFunction(index: number): number {
    const { tables, names, hash } = this;
    const { functions, strings } = tables;
    if (index === 0) return GOOD;
    if (index >= functions.length) return BAD.FUNCTION;
    const known = functions.states[index] ?? UNKNOWN;
    if (known !== UNKNOWN) return known;
    this.readNames(index);
    const [name = 0, file = 0] = names;
    if (!tables.isString(name) || !tables.isString(file)) {
      functions.states[index] = BAD.STRING;
      return BAD.STRING;
    }
    this.hashString(name);
    this.hashString(file);
    hash.begin(KIND.FUNCTION);
    for (const text of [name, file]) {
      hash.word(text === 0 ? 0 : (strings.lo[text] ?? 0));
      hash.word(text === 0 ? 0 : (strings.hi[text] ?? 0));
    }
    hash.finish();
    functions.lo[index] = hash.lo;
    functions.hi[index] = hash.hi;
    functions.states[index] = GOOD;
    return GOOD;
  }

  private hashString(index: number): void {
    const { strings, reader } = this.tables;
    if (index === 0 || strings.states[index] === GOOD) return;
    this.hash.begin(KIND.TEXT);
    this.hash.bytes(reader.bytes, reader.view, strings.starts[index] ?? 0, strings.ends[index] ?? 0);
    this.hash.finish();
    strings.lo[index] = this.hash.lo;
    strings.hi[index] = this.hash.hi;
    strings.states[index] = GOOD;
  }

  /** readMapping makes a mapping the current one. */
  private readMapping(index: number): number {
    const { tables, range, attributes, hash } = this;
    const { mappings, strings } = tables;
    if (index === this.mapping) return GOOD;
    this.mapping = -1;
    this.mappingWord = 0;
    this.buildIdWord = 0;
    range.fill(0);
    if (index === 0) {
      this.mapping = 0;
      return GOOD;
    }
    if (index >= mappings.length) return BAD.MAPPING;
    let name = 0;
    attributes.length = 0;
    const reader = tables.open(mappings, index);
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field <= 3) {
        reader.expect(WIRE.VARINT, field);
        reader.varint64();
        range[2 * field - 2] = reader.lo;
        range[2 * field - 1] = reader.hi;
      } else if (field === 4) {
        reader.expect(WIRE.VARINT, field);
        name = reader.uint32();
      } else if (field === 5) attributes.read(reader, field);
      else reader.skip();
    }
    if (!tables.isString(name)) return BAD.STRING;
    const build = this.bestOf(ATTRIBUTE.BUILD_ID, ATTRIBUTE.BUILD_ID + BUILD_IDS.length);
    if (build === -1) return BAD.ATTRIBUTE;
    const buildId = build === 0 ? "" : this.attributeText(build);
    this.mappingWord = this.word(this.frames.mappings, name);
    this.buildIdWord = this.frames.buildIds.numberOfText(buildId);
    if (mappings.states[index] !== GOOD) {
      this.hashString(name);
      this.hashText(buildId);
      const { lo, hi } = hash;
      hash.begin(KIND.MAPPING);
      hash.word(name === 0 ? 0 : (strings.lo[name] ?? 0));
      hash.word(name === 0 ? 0 : (strings.hi[name] ?? 0));
      hash.word(lo);
      hash.word(hi);
      hash.finish();
      mappings.lo[index] = hash.lo;
      mappings.hi[index] = hash.hi;
      mappings.states[index] = GOOD;
    }
    this.mapping = index;
    return GOOD;
  }

  /** readType makes the type among the location's attributes the current one. */
  private readType(): number {
    const found = this.bestOf(ATTRIBUTE.FRAME_TYPE, ATTRIBUTE.FRAME_TYPE + 1);
    if (found === -1) return BAD.ATTRIBUTE;
    if (found === this.typeAttribute) return GOOD;
    const text = found === 0 ? "" : this.attributeText(found);
    this.typeWord = this.frames.frameTypes.numberOfText(text);
    this.hashText(text);
    this.typeLo = this.hash.lo;
    this.typeHi = this.hash.hi;
    this.typeAttribute = found;
    return GOOD;
  }

  private hashText(text: string): void {
    const bytes = Buffer.from(text, "utf8");
    this.hash.begin(KIND.TEXT);
    this.hash.bytes(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length);
    this.hash.finish();
  }

  /** bestOf gives which of the attributes just read is of the least kind in [from, to): 0 none, -1 when one is outside the table. */
  private bestOf(from: number, to: number): number {
    let best = 0;
    let least = to;
    for (let i = 0; i < this.attributes.length; i++) {
      const index = this.attributes.items[i] ?? 0;
      if (index === 0) continue;
      if (index >= this.tables.attributes.length) return -1;
      const kind = this.kindOf(index);
      if (kind < from || kind >= least) continue;
      least = kind;
      best = index;
    }
    return best;
  }

  private kindOf(index: number): number {
    const { attributes } = this.tables;
    const known = attributes.counts[index] ?? 0;
    if (known !== ATTRIBUTE.UNSEEN) return known;
    const reader = this.tables.open(attributes, index);
    let key = "";
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1 && reader.wireType === WIRE.VARINT) key = this.tables.text(reader.uint32());
      else reader.skip();
    }
    const build = BUILD_IDS.indexOf(key);
    let kind: number = ATTRIBUTE.OTHER;
    if (key === FRAME_TYPE) kind = ATTRIBUTE.FRAME_TYPE;
    else if (build >= 0) kind = ATTRIBUTE.BUILD_ID + build;
    attributes.counts[index] = kind;
    return kind;
  }

  private attributeText(index: number): string {
    const reader = this.tables.open(this.tables.attributes, index);
    let text = "";
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field !== 2) {
        reader.skip();
        continue;
      }
      reader.expect(WIRE.BYTES, field);
      const outer = reader.enter();
      text = this.tables.valueText(reader);
      reader.leave(outer);
    }
    return text;
  }
}
