/** KIND keeps hashes of different things apart; they are part of what is stored. */
export const KIND = { TEXT: 1, FUNCTION: 2, MAPPING: 3, LOCATION: 4, STACK: 5 } as const;

/**
 * StackHash makes the 64 bits that a stack is called by. They are stored, so what comes out may never change: two lanes
 * of 32 bits in the manner of MurmurHash3's 128-bit variant for x86 (Austin Appleby, public domain), each fed with every
 * word. It is no secret and no signature: who wants two stacks of one number can find them, and harms their own tenant's.
 */
export class StackHash {
  lo = 0;
  hi = 0;

  /** begin starts anew; kinds keep a function apart from a location with the same words. */
  begin(kind: number): void {
    this.lo = kind ^ 0x9747b28c;
    this.hi = kind ^ 0x2f0b4c47;
  }

  /** word takes 32 bits in. */
  word(word: number): void {
    let first = Math.imul(word, 0x239b961b);
    first = Math.imul((first << 15) | (first >>> 17), 0xab0e9789);
    let lo = this.lo ^ first;
    lo = (lo << 19) | (lo >>> 13);
    lo = (Math.imul(lo + this.hi, 5) + 0x561ccd1b) | 0;
    let second = Math.imul(word, 0x38b34ae5);
    second = Math.imul((second << 17) | (second >>> 15), 0xa1e38b93);
    let hi = this.hi ^ second;
    hi = (hi << 13) | (hi >>> 19);
    this.lo = lo;
    this.hi = (Math.imul(hi + lo, 5) + 0x32ac3b17) | 0;
  }

  /** bytes takes bytes[start, end) in, and how many there are. */
  bytes(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    let at = start;
    for (const last = end - 4; at <= last; at += 4) this.word(view.getInt32(at, true));
    let rest = 0;
    for (let shift = 0; at < end; at++, shift += 8) rest |= (bytes[at] ?? 0) << shift;
    this.word(rest);
    this.word(end - start);
  }

  /** finish mixes both lanes; `lo` and `hi` are the number then, unsigned and never both 0, which is "no stack". */
  finish(): void {
    let lo = (this.lo + this.hi) | 0;
    let hi = (this.hi + lo) | 0;
    lo = mixed(lo);
    hi = mixed(hi);
    lo = (lo + hi) >>> 0;
    hi = (hi + lo) >>> 0;
    this.lo = lo === 0 && hi === 0 ? 1 : lo;
    this.hi = hi;
  }
}

/** mixed is MurmurHash3's last step: each bit of the input changes half of the output's. */
function mixed(word: number): number {
  let hash = word ^ (word >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
