import { WIRE } from "@go3s/telemetry";
import { INGEST_LIMITS } from "./limits.js";
import type { FramesColumn } from "./profile-frames.js";
import { BAD } from "./profile-problems.js";
import { GOOD, IndexList, type ProfileTables } from "./profile-tables.js";
import { KIND, StackHash } from "./stack-hash.js";

const FRAME_TYPE = "profile.frame.type";
/** Build ids, the one to be kept first: GNU's and Go's are in the binary, the third is the eBPF profiler's hash of it. */
const BUILD_IDS = [
  "process.executable.build_id.gnu",
  "process.executable.build_id.go",
  "process.executable.build_id.htlhash",
];
/** What `counts` of an attribute says it is: not looked at, nothing special, a frame type, a build id (less is better). */
const ATTRIBUTE = { UNSEEN: 0, OTHER: 1, FRAME_TYPE: 2, BUILD_ID: 3 } as const;

/** ProfileSources reads where a frame comes from: its location's mapping and type, the last of which are kept at hand. */
export class ProfileSources {
  /** range is the mapping's start, limit and offset in its file, as low and high halves. */
  readonly range = new Uint32Array(6);
  /** mappingWord and buildIdWord are words of the columns, as is typeWord. */
  mappingWord = 0;
  buildIdWord = 0;
  typeWord = 0;
  typeLo = 0;
  typeHi = 0;
  /** attributes are the location's, put here before readType, or those of the mapping being read. */
  readonly attributes = new IndexList(INGEST_LIMITS.framesPerStack);
  private readonly tables: ProfileTables;
  private readonly frames: FramesColumn;
  private readonly hash = new StackHash();
  /** The mapping and the type attribute that were read last; -1: none yet. */
  private mapping = -1;
  private typeAttribute = -1;

  constructor(tables: ProfileTables, frames: FramesColumn) {
    this.tables = tables;
    this.frames = frames;
  }

  /** begin forgets what was made of the last request's tables. */
  begin(): void {
    this.mapping = -1;
    this.typeAttribute = -1;
  }

  /** readMapping makes a mapping the current one. */
  readMapping(index: number): number {
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
    this.mappingWord = tables.wordOf(this.frames.mappings, name);
    this.buildIdWord = this.frames.buildIds.numberOfText(buildId);
    if (mappings.states[index] !== GOOD) {
      tables.hashString(name);
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
  readType(): number {
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
