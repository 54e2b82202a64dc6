import { WIRE } from "@go3s/telemetry";
import { INGEST_LIMITS, requireBelow } from "./limits.js";
import { FRAME_WORDS, type FramesColumn } from "./profile-frames.js";
import { BAD } from "./profile-problems.js";
import { ProfileSources } from "./profile-sources.js";
import { GOOD, IndexList, type ProfileTables, UNKNOWN } from "./profile-tables.js";
import { KIND, StackHash } from "./stack-hash.js";

/**
 * ProfileStacks makes numbers of a request's stacks, and frames of those that the block does not have yet. Each location
 * is read once: its frames lie in a pool then, as the columns want them.
 */
export class ProfileStacks {
  private readonly tables: ProfileTables;
  private readonly frames: FramesColumn;
  private readonly sources: ProfileSources;
  private readonly hash = new StackHash();
  /** pool holds the frames of all locations seen; `counts` of a location says where, `framesOf` how many. */
  private pool = new Uint32Array(FRAME_WORDS * 256);
  private pooled = 0;
  private pushed = 0;
  private readonly indices = new IndexList(INGEST_LIMITS.framesPerStack);
  private readonly lineFunctions = new IndexList(INGEST_LIMITS.framesPerStack);
  private readonly lineNumbers = new IndexList(INGEST_LIMITS.framesPerStack);
  constructor(tables: ProfileTables, frames: FramesColumn) {
    this.tables = tables;
    this.frames = frames;
    this.sources = new ProfileSources(tables, frames);
  }

  /** begin forgets what was made of the last request's tables. */
  begin(): void {
    if (this.pool.length > FRAME_WORDS * 65_536) this.pool = new Uint32Array(FRAME_WORDS * 256);
    this.pooled = 0;
    this.pushed = 0;
    this.sources.begin();
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
    const { tables, lineFunctions, lineNumbers, sources, hash } = this;
    const { attributes, range } = sources;
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
    const type = sources.readType();
    if (type !== GOOD) return type;
    for (let i = 0; i < lineFunctions.length; i++) {
      const state = this.resolveFunction(lineFunctions.items[i] ?? 0);
      if (state !== GOOD) return state;
    }
    const state = sources.readMapping(mapping);
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
    hash.word(sources.typeLo);
    hash.word(sources.typeHi);
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
    pool[at] = this.tables.wordOf(this.frames.functions, names[0] ?? 0);
    pool[at + 1] = this.tables.wordOf(this.frames.files, names[1] ?? 0);
    pool[at + 2] = line;
    pool[at + 3] = this.sources.mappingWord;
    pool[at + 4] = this.sources.buildIdWord;
    pool[at + 5] = lo;
    pool[at + 6] = hi;
    pool[at + 7] = this.sources.typeWord;
    pool[at + 8] = inlined;
    this.pooled++;
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
    tables.hashString(name);
    tables.hashString(file);
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
}
