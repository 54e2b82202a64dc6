/** SentNames holds what requests by HTTP/2 were called on the wire (probes/sent-names.go3s), from before they are sent until they are answered. */
export interface SentNames {
  /** set takes trace id and span id of a connection's stream. */
  set(connection: number, stream: number, ids: Uint8Array): void;
  has(connection: number, stream: number): boolean;
  /** take gives them, once. */
  take(connection: number, stream: number): Uint8Array | undefined;
  /** forget drops those of a connection that is over. */
  forget(connection: number): void;
  /** forgotten counts those that had to go before anybody asked. */
  forgotten(): number;
}

// As many connections as have a parser, and as many streams as it keeps open.
const limits = { connections: 4096, streams: 2048 } as const;

/** newSentNames makes an empty one. */
export function newSentNames(): SentNames {
  const connections = new Map<number, Map<number, Uint8Array>>();
  let forgotten = 0;
  return {
    set(connection, stream, ids) {
      let streams = connections.get(connection);
      if (streams === undefined) {
        if (connections.size >= limits.connections) forgotten += dropOldest(connections)?.size ?? 0;
        streams = new Map();
        connections.set(connection, streams);
      }
      if (streams.size >= limits.streams && dropOldest(streams) !== undefined) forgotten++;
      streams.set(stream, ids);
    },
    has: (connection, stream) => connections.get(connection)?.has(stream) === true,
    take(connection, stream) {
      const streams = connections.get(connection);
      const ids = streams?.get(stream);
      streams?.delete(stream);
      return ids;
    },
    forget: (connection) => void connections.delete(connection),
    forgotten: () => forgotten,
  };
}

function dropOldest<V>(of: Map<number, V>): V | undefined {
  const [oldest] = of.entries();
  if (oldest === undefined) return undefined;
  of.delete(oldest[0]);
  return oldest[1];
}
