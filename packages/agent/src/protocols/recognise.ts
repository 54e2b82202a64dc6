import type { Direction } from "./connection.js";
import type { Protocol } from "./wire.js";

/** Candidate is what a connection may be, with what has been seen for it. */
export interface Candidate {
  readonly protocol: Protocol;
  readonly client: Direction;
  readonly score: number;
}

/** Verdict is what a chunk's beginning made of the candidates. */
export interface Verdict {
  readonly candidates: Candidate[];
  readonly found: Candidate | undefined;
  readonly tls: boolean;
}

// One look of this confidence decides when no other protocol comes near; two directions' looks add up to it.
const sure = 80;
const apart = 30;

/** recognise asks every protocol about a chunk; candidates that cannot have sent it are out. */
export function recognise(
  protocols: readonly Protocol[],
  before: readonly Candidate[],
  client: Direction | undefined,
  direction: Direction,
  bytes: Uint8Array,
  start: number,
  end: number,
  total: number,
  datagram: boolean,
): Verdict {
  // A TLS handshake record (RFC 8446 section 5.1).
  if (
    !datagram &&
    end - start >= 3 &&
    bytes[start] === 0x16 &&
    bytes[start + 1] === 3 &&
    bytes[start + 2] <= 4
  )
    return { candidates: [], found: undefined, tls: true };
  const candidates: Candidate[] = [];
  let best: Candidate | undefined;
  let second = 0;
  const weigh = (protocol: Protocol, asker: Direction, look: number): void => {
    if (look === 0 || (client !== undefined && asker !== client)) return;
    let score = look;
    for (const known of before)
      if (known.protocol === protocol && known.client === asker) score += known.score;
    const candidate = { protocol, client: asker, score };
    candidates.push(candidate);
    if (best === undefined || score > best.score) {
      second = best?.score ?? 0;
      best = candidate;
    } else second = Math.max(second, score);
  };
  const peer: Direction = direction === 0 ? 1 : 0;
  for (const protocol of protocols) {
    weigh(protocol, direction, protocol.asks(bytes, start, end, total, datagram));
    weigh(protocol, peer, protocol.answers(bytes, start, end, total, datagram));
  }
  const found: Candidate | undefined = best;
  // A chunk that nobody knows, in the middle of something long, says nothing against the others.
  if (found === undefined) return { candidates: [...before], found, tls: false };
  const decided = isFar(found, second);
  return { candidates, found: decided ? found : undefined, tls: false };
}

function isFar(best: Candidate, second: number): boolean {
  return best.score >= sure && best.score - second >= apart;
}
