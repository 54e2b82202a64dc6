import { addressSize } from "../events/layout.js";
import type { WireEvent } from "../events/wire.js";
import type { Connection, Direction } from "../protocols/connection.js";
import type { ProcessSpans } from "../spans/process-spans.js";
import type { HeldPieces } from "./held-pieces.js";
import type { Origins } from "./origins.js";

/** Wire is a socket of an observed process. */
export interface Wire {
  readonly number: number;
  readonly process: ProcessSpans;
  readonly family: number;
  readonly datagram: boolean;
  /** The version of TLS that its bytes went through, 0 for none. */
  readonly secure: number;
  readonly localPort: number;
  readonly peerPort: number;
  /** Local address, then peer address. */
  readonly addresses: Uint8Array;
  /** localText and peerText are the addresses as text, once somebody has asked. */
  localText: string | undefined;
  peerText: string | undefined;
  /** path is where the server of a Unix socket listens, "" where that is not known. */
  readonly path: string;
  /** namespace is the database that a SQL client's exchanges were told to be of, "" while that is unknown. */
  namespace: string;
  /** client says whether this process asks (0) or its peer (1), once that is known. */
  client: Direction | undefined;
  readonly origins: Origins;
}

/** OpenWire is one while its bytes are read. */
export interface OpenWire extends Wire {
  readonly connection: Connection;
  decided: boolean;
  /** isMultiplexed: it speaks HTTP/2, which its library's probes may tell. */
  isMultiplexed: boolean;
  /** inOrder says that both sides tell exchanges in the order of the requests, as far as is known. */
  inOrder: boolean;
  /** held is what was read before the write that asked for it was told. */
  held: HeldPieces | undefined;
  lastNs: number;
  notedNs: number;
  pieces: number;
  /** inCalls counts the exchanges in a row that calls have told. */
  inCalls: number;
  /** isBrief: the kernel side was told to keep what calls tell; turn counts how often. */
  isBrief: boolean;
  turn: number;
  /** isLeft: its peer will not ask more; when it is closed here nobody tells. */
  isLeft: boolean;
  /** isLate: it was open before its first byte was seen. */
  readonly isLate: boolean;
}

/** ordered are the protocols whose exchanges are told in the order of their requests. */
export const ordered: ReadonlySet<string> = new Set([
  "postgresql",
  "mysql",
  "redis",
  "memcached",
  // A connection of MongoDB waits for one answer at a time; Kafka's brokers answer in order.
  "mongodb",
  "kafka",
  // Web servers ask one request at a time on a connection.
  "fastcgi",
]);

/** addressesOf copies a socket's addresses out of a record. */
export function addressesOf({ memory, localAddress, peerAddress }: WireEvent): Uint8Array {
  const addresses = new Uint8Array(2 * addressSize);
  for (let i = 0; i < addressSize; i++) {
    addresses[i] = memory[localAddress + i] ?? 0;
    addresses[addressSize + i] = memory[peerAddress + i] ?? 0;
  }
  return addresses;
}
