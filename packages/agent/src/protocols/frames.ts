// A direction of a connection cut into frames, whatever the writes were and as far as their bytes were captured.

/** FrameFormat says where a frame ends and takes it. */
export interface FrameFormat {
  /** keep is how many bytes of a frame are held at most while it is not whole; what follows is passed over unseen. */
  readonly keep: number;
  /** wanted says how many bytes of the frame at `start` are worth waiting for, when it is fewer than `keep`. */
  wanted?(bytes: Uint8Array, start: number): number;
  /** lengthOf gives the length of the frame at bytes[start, end): 0 when more bytes are needed to tell, -1 when it is none. */
  lengthOf(bytes: Uint8Array, start: number, end: number): number;
  /** expected is the length of the next frame where that is known before its first byte (HTTP's bodies), else 0. */
  expected?(): number;
  /** frame takes the first end - start bytes of a frame of `total` bytes, whose first byte came at `firstNs`. */
  frame(bytes: Uint8Array, start: number, end: number, total: number, firstNs: number): void;
  /** ended is told after a frame's last byte came, or was passed over. */
  ended?(ns: number): void;
  /** cut takes what is there of a frame whose length cannot be told since the `hole` bytes behind it were not captured; lost follows. */
  cut?(bytes: Uint8Array, start: number, end: number, hole: number, firstNs: number): void;
  /** lost is told when the place is lost, at a wrong frame or after bytes that were not captured, and for every write until it is found. */
  lost?(): void;
  /** boundary says whether a write that begins so begins with a frame; without it any frames that fit the write do. */
  boundary?(bytes: Uint8Array, start: number, end: number, total: number): boolean;
}

/** Lane reads one direction. */
export interface Lane {
  push(bytes: Uint8Array, start: number, end: number, total: number, ns: number): void;
  /** reset forgets a half frame: the bytes that follow are of something else. */
  reset(): void;
  isLost(): boolean;
  losses(): number;
}

// What a lane holds on to between frames; larger buffers are let go, as a connection's long frames are rare.
const keptBuffer = 1024;
// A frame's length above this is no length but other bytes: the longest of the protocols here is Kafka's 2^31 - 1.
const longestFrame = 2 ** 31;
// Guards against a format that makes no progress, and hostile streams of empty frames in one push.
const framesPerPush = 1 << 20;

/** newLane makes a lane; `late` makes it look for a boundary before it reads. */
export function newLane(format: FrameFormat, late: boolean): Lane {
  let buffer = new Uint8Array(0);
  let length = 0;
  let skip = 0;
  let inFrame = false;
  let firstNs = 0;
  let lost = late;
  let losses = 0;

  const clear = (): void => {
    length = 0;
    if (buffer.length > keptBuffer) buffer = new Uint8Array(0);
  };

  const lose = (): void => {
    losses++;
    lost = true;
    skip = 0;
    inFrame = false;
    clear();
    format.lost?.();
  };

  const enough = (bytes: Uint8Array, start: number): number =>
    format.wanted === undefined ? format.keep : Math.min(format.keep, format.wanted(bytes, start));

  const reserve = (size: number): void => {
    if (buffer.length >= size) return;
    const larger = new Uint8Array(Math.min(format.keep, Math.max(size, buffer.length * 2, 64)));
    larger.set(buffer.subarray(0, length));
    buffer = larger;
  };

  /** begin hands out a frame of which `have` bytes are there and the rest is to be passed over. */
  const begin = (bytes: Uint8Array, start: number, have: number, total: number, ns: number): void => {
    skip = total - have;
    inFrame = true;
    format.frame(bytes, start, start + have, total, firstNs);
    if (skip === 0 && inFrame) {
      inFrame = false;
      format.ended?.(ns);
    }
  };

  const pass = (count: number, ns: number): void => {
    skip -= count;
    if (skip > 0 || !inFrame) return;
    inFrame = false;
    format.ended?.(ns);
  };

  /** collect adds bytes to a half frame and hands it out when there are enough; it gives how many it took. */
  const collect = (bytes: Uint8Array, at: number, end: number, ns: number): number => {
    const before = length;
    const count = Math.min(end - at, format.keep - length);
    reserve(length + count);
    for (let i = 0; i < count; i++) buffer[length + i] = bytes[at + i];
    length += count;
    const size = format.lengthOf(buffer, 0, length);
    if (size < 0 || size > longestFrame || (size === 0 && length >= format.keep)) {
      lose();
      return end - at;
    }
    if (size === 0 || length < Math.min(size, enough(buffer, 0))) return count;
    const have = Math.min(length, size);
    const whole = buffer;
    clear();
    begin(whole, 0, have, size, ns);
    return have - before;
  };

  const boundary = (bytes: Uint8Array, start: number, end: number, total: number): boolean => {
    if (format.boundary !== undefined) return format.boundary(bytes, start, end, total);
    return framesFit(format, bytes, start, end, total);
  };

  return {
    push(bytes, start, end, total, ns) {
      if (lost) {
        if (end <= start || !boundary(bytes, start, end, total)) {
          format.lost?.();
          return;
        }
        lost = false;
      }
      let at = start;
      for (let frames = 0; at < end && !lost; frames++) {
        if (frames > framesPerPush) {
          lose();
          return;
        }
        if (skip > 0) {
          const count = Math.min(skip, end - at);
          at += count;
          pass(count, ns);
          continue;
        }
        if (length > 0) {
          at += collect(bytes, at, end, ns);
          continue;
        }
        const size = format.lengthOf(bytes, at, end);
        if (size < 0 || size > longestFrame) {
          lose();
          return;
        }
        firstNs = ns;
        if (size > 0 && size <= end - at) {
          const here = at;
          at += size;
          begin(bytes, here, size, size, ns);
        } else if (size > 0 && end - at >= enough(bytes, at)) {
          const here = at;
          at = end;
          begin(bytes, here, end - here, size, ns);
        } else at += collect(bytes, at, end, ns);
      }
      if (lost) return;
      let hole = total - (end - start);
      if (hole <= 0) return;
      if (length > 0) {
        const size = format.lengthOf(buffer, 0, length);
        if (size <= 0) {
          format.cut?.(buffer, 0, length, hole, firstNs);
          lose();
          return;
        }
        const have = length;
        const whole = buffer;
        clear();
        begin(whole, 0, have, size, ns);
      }
      if (lost) return;
      // What sendfile sends is not captured at all.
      const expected = skip === 0 ? (format.expected?.() ?? 0) : 0;
      if (expected > 0) {
        firstNs = ns;
        begin(bytes, end, 0, expected, ns);
      }
      if (skip === 0) {
        lose();
        return;
      }
      const count = Math.min(skip, hole);
      hole -= count;
      pass(count, ns);
      if (hole > 0 && !lost) lose();
    },
    reset() {
      clear();
      skip = 0;
      inFrame = false;
    },
    isLost: () => lost,
    losses: () => losses,
  };
}

/** framesFit says whether a write holds whole frames, or begins with one that is longer. */
export function framesFit(
  format: Pick<FrameFormat, "lengthOf">,
  bytes: Uint8Array,
  start: number,
  end: number,
  total: number,
): boolean {
  let at = start;
  // A few frames say as much as all.
  for (let frames = 0; frames < 8; frames++) {
    const size = format.lengthOf(bytes, at, end);
    if (size < 0 || size > longestFrame) return false;
    if (size === 0) return frames > 0 || total > end - start || end - at < 4;
    at += size;
    if (at >= end) return true;
    if (at - start > total) return true;
  }
  return true;
}
