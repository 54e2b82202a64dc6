/** Random numbers by a seed, so that a failure can be had again (mulberry32). */
export function randomBySeed(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  };
}

/** Numbers that stand at the borders of what readers check. */
const BORDERS = [
  0, 1, 2, 7, 8, 16, 0x7f, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff8,
  0xffffffff,
];

/** mutate gives a copy of bytes with up to eight changes in a range: bits, bytes, words, moved and repeated blocks. */
export function mutate(
  bytes: Uint8Array,
  random: (below: number) => number,
  range: readonly [start: number, end: number] = [0, bytes.length],
): Uint8Array {
  let out = new Uint8Array(bytes);
  const length = range[1] - range[0];
  if (length < 4) return out;
  for (let change = 1 + random(8); change > 0; change--) {
    const at = Math.min(range[0] + random(length), out.length - 4);
    const view = new DataView(out.buffer);
    switch (random(8)) {
      case 0:
        view.setUint8(at, view.getUint8(at) ^ (1 << random(8)));
        break;
      case 1:
        view.setUint8(at, random(256));
        break;
      case 2:
        view.setUint32(at, BORDERS[random(BORDERS.length)] ?? 0, true);
        break;
      case 3:
        // Tables are aligned: fields are hit more often this way.
        view.setUint32(at & ~3, BORDERS[random(BORDERS.length)] ?? 0, true);
        break;
      case 4:
        view.setUint32(at & ~3, (view.getUint32(at & ~3, true) + random(17) - 8) >>> 0, true);
        break;
      case 5: {
        const from = range[0] + random(length);
        out.copyWithin(at, from, Math.min(from + 1 + random(48), out.length));
        break;
      }
      case 6:
        view.setUint16(at & ~1, random(65536), true);
        break;
      default:
        if (random(16) === 0) out = out.slice(0, Math.max(8, random(out.length)));
        else view.setUint32(at & ~3, random(64), true);
    }
    if (out.length < 8) return out;
  }
  return out;
}
