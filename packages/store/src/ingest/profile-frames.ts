import { Int64Column, UInt8Column, UInt32Column } from "../columns/fixed.js";
import type { Mark } from "../columns/native-column.js";
import { NestedColumn } from "../columns/nested.js";
import { WordColumn } from "../columns/word.js";
import { FRAMES } from "../schema/columns.js";

const FIRST_SLOTS = 1024;
/** A stack's number in three words: its hash and the number of the tenant in the block. */
const KEY_WORDS = 3;

/** FramesColumn holds the frames of a stack beside the first sample of it in the block. */
export class FramesColumn extends NestedColumn<
  readonly [
    WordColumn,
    WordColumn,
    UInt32Column,
    WordColumn,
    WordColumn,
    Int64Column,
    WordColumn,
    UInt8Column,
  ]
> {
  readonly functions: WordColumn;
  readonly files: WordColumn;
  readonly mappings: WordColumn;
  readonly buildIds: WordColumn;
  readonly frameTypes: WordColumn;
  private readonly lines: UInt32Column;
  private readonly addresses: Int64Column;
  private readonly inlined: UInt8Column;
  /** Open addressing, half full at most; a key's third word is the tenant's number + 1, 0 is an empty slot. */
  private keys = new Uint32Array(FIRST_SLOTS * KEY_WORDS);
  private known = 0;

  constructor() {
    const [functions, files, mappings] = [new WordColumn(), new WordColumn(), new WordColumn()];
    const [buildIds, frameTypes] = [new WordColumn(), new WordColumn()];
    const [lines, addresses, inlined] = [new UInt32Column(), new Int64Column("UInt64"), new UInt8Column()];
    super(FRAMES.type, [functions, files, lines, mappings, buildIds, addresses, frameTypes, inlined]);
    this.functions = functions;
    this.files = files;
    this.mappings = mappings;
    this.buildIds = buildIds;
    this.frameTypes = frameTypes;
    this.lines = lines;
    this.addresses = addresses;
    this.inlined = inlined;
  }

  /** isNew tells whether the block has no frames of this stack yet, and remembers that it has now. */
  isNew(lo: number, hi: number, tenant: number): boolean {
    const { keys } = this;
    const mask = keys.length / KEY_WORDS - 1;
    let slot = lo & mask;
    for (;;) {
      const at = slot * KEY_WORDS;
      if (keys[at + 2] === 0) {
        keys[at] = lo;
        keys[at + 1] = hi;
        keys[at + 2] = tenant + 1;
        if (++this.known > mask >> 1) this.grow();
        return true;
      }
      if (keys[at] === lo && keys[at + 1] === hi && keys[at + 2] === tenant + 1) return false;
      slot = (slot + 1) & mask;
    }
  }

  /** pushFrame appends one frame as FRAME_WORDS words of a pool. */
  pushFrame(pool: Uint32Array, at: number): void {
    this.functions.push(pool[at] ?? 0);
    this.files.push(pool[at + 1] ?? 0);
    this.lines.push(pool[at + 2] ?? 0);
    this.mappings.push(pool[at + 3] ?? 0);
    this.buildIds.push(pool[at + 4] ?? 0);
    this.addresses.push(pool[at + 5] ?? 0, pool[at + 6] ?? 0);
    this.frameTypes.push(pool[at + 7] ?? 0);
    this.inlined.push(pool[at + 8] ?? 0);
  }

  override rollback(mark: Mark): void {
    super.rollback(mark);
    this.forget();
  }

  override reset(): void {
    super.reset();
    this.forget();
  }

  /** forget costs frames that come twice in a block at worst; the table of stacks makes one of them. */
  private forget(): void {
    if (this.keys.length > 64 * FIRST_SLOTS * KEY_WORDS) this.keys = new Uint32Array(FIRST_SLOTS * KEY_WORDS);
    else this.keys.fill(0);
    this.known = 0;
  }

  private grow(): void {
    const old = this.keys;
    this.keys = new Uint32Array(2 * old.length);
    this.known = 0;
    for (let at = 0; at < old.length; at += KEY_WORDS) {
      const tenant = old[at + 2] ?? 0;
      if (tenant !== 0) this.isNew(old[at] ?? 0, old[at + 1] ?? 0, tenant - 1);
    }
  }
}

/** FRAME_WORDS is how many words of a pool a frame has: function, file, line, mapping, build id, address (2), type, inlined. */
export const FRAME_WORDS = 9;
