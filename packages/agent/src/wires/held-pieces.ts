import type { WireEvent } from "../events/wire.js";

/** HeldPiece is a copy of what was read. */
export interface HeldPiece {
  readonly bytes: Uint8Array;
  readonly total: number;
  readonly missed: number;
  readonly ns: number;
}

/** HeldPieces keeps answers that were read before the write that asked for them was told: its call had not returned. */
export interface HeldPieces {
  readonly sinceNs: number;
  /** keep copies a piece; false when there is no more room. */
  keep(event: WireEvent): boolean;
  each(take: (piece: HeldPiece) => void): void;
}

const pieceLimit = 64;
const byteLimit = 256 << 10;

/** newHeldPieces makes an empty one. */
export function newHeldPieces(sinceNs: number): HeldPieces {
  const pieces: HeldPiece[] = [];
  let bytes = 0;
  return {
    sinceNs,
    keep({ memory, data, captured, total, missed, ns }) {
      if (pieces.length >= pieceLimit || bytes + captured > byteLimit) return false;
      bytes += captured;
      pieces.push({ bytes: memory.slice(data, data + captured), total, missed, ns });
      return true;
    },
    each(take) {
      for (const piece of pieces) take(piece);
    },
  };
}
