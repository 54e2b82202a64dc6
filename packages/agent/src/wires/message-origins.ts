import { idLayout } from "../spans/ids.js";

/** MessageOrigins knows which span sent the messages of a topic's partition: by their offsets, which brokers give once. */
export interface MessageOrigins {
  /** sent notes that `count` messages from offset `first` on were sent by the span with `ids` (idLayout); `server` is the broker's "address:port". The ids are copied. */
  sent(server: string, topic: string, partition: number, first: number, count: number, ids: Uint8Array): void;
  /** wrote notes who wrote a batch (Messages.print) whose offsets nobody told yet, or ever will: a producer may ask for no answer. */
  wrote(print: string, ids: Uint8Array): void;
  /** fetched tells at which offsets a batch came to stand, by who was given it. */
  fetched(
    server: string,
    topic: string,
    partition: number,
    first: number,
    count: number,
    print: string,
  ): void;
  /**
   * of gives the ids (idLayout: trace and span) of the span that sent a message, undefined when that is not known or two brokers'
   * topics of that name have it. `server` narrows it down; "" is any, and so is one that nothing of the partition was sent to:
   * a broker has other addresses for other networks.
   */
  of(server: string, topic: string, partition: number, offset: number): Uint8Array | undefined;
}

const usualLimit = 8192;
// Batches between their producer and their first consumer: some 200 bytes each.
const printLimit = 4096;
const idBytes = idLayout.parent;

/** Sent are the batches of one partition at one broker: places in the table, in the order of their offsets. */
interface Sent {
  readonly key: string;
  readonly server: string;
  readonly places: number[];
}

/** newMessageOrigins makes an empty table of the last `limit` batches. */
export function newMessageOrigins(limit = usualLimit): MessageOrigins {
  const partitions = new Map<string, Map<string, Sent>>();
  // One place a batch, written round and round; the table grows as far as it is used.
  const owners: (Sent | undefined)[] = [];
  let firsts = new Float64Array(0);
  let counts = new Float64Array(0);
  let ids = new Uint8Array(0);
  let at = 0;
  const prints = new Map<string, Uint8Array>();

  const grow = (): void => {
    const size = Math.min(limit, Math.max(64, 2 * firsts.length));
    const [oldFirsts, oldCounts, oldIds] = [firsts, counts, ids];
    firsts = new Float64Array(size);
    counts = new Float64Array(size);
    ids = new Uint8Array(size * idBytes);
    firsts.set(oldFirsts);
    counts.set(oldCounts);
    ids.set(oldIds);
  };

  /** above gives the index of the first batch that begins behind an offset. */
  const above = ({ places }: Sent, offset: number): number => {
    let low = 0;
    let high = places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (firsts[places[middle]] > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  const forget = (place: number): void => {
    const owner = owners[place];
    if (owner === undefined) return;
    owners[place] = undefined;
    owner.places.splice(above(owner, firsts[place]) - 1, 1);
    if (owner.places.length > 0) return;
    const servers = partitions.get(owner.key);
    servers?.delete(owner.server);
    if (servers?.size === 0) partitions.delete(owner.key);
  };

  /** makeRoom forgets what has the same offsets: a topic that was made again begins again. */
  const makeRoom = (list: Sent, first: number, end: number): void => {
    for (;;) {
      const last = list.places[above(list, end - 1) - 1];
      if (last === undefined || firsts[last] + counts[last] <= first) return;
      forget(last);
    }
  };

  const listOf = (server: string, topic: string, partition: number): Sent => {
    const key = keyOf(topic, partition);
    const servers = partitions.get(key) ?? new Map<string, Sent>();
    partitions.set(key, servers);
    const list = servers.get(server) ?? { key, server, places: [] };
    servers.set(server, list);
    return list;
  };

  const find = (list: Sent, offset: number): number | undefined => {
    const place = list.places[above(list, offset) - 1];
    return place !== undefined && offset < firsts[place] + counts[place] ? place : undefined;
  };

  const origins: MessageOrigins = {
    wrote(print, from) {
      if (print === "") return;
      const [oldest] = prints.keys();
      if (prints.size >= printLimit && oldest !== undefined) prints.delete(oldest);
      prints.delete(print);
      prints.set(print, from.slice(0, idBytes));
    },
    fetched(server, topic, partition, first, count, print) {
      const from = prints.get(print);
      // What its producer was told stands already.
      if (from === undefined || origins.of(server, topic, partition, first) !== undefined) return;
      origins.sent(server, topic, partition, first, count, from);
    },
    sent(server, topic, partition, first, count, from) {
      if (first < 0 || count < 1 || !Number.isSafeInteger(first + count)) return;
      if (at === limit) at = 0;
      if (at >= firsts.length) grow();
      const place = at++;
      forget(place);
      const known = partitions.get(keyOf(topic, partition))?.get(server);
      if (known !== undefined) makeRoom(known, first, first + count);
      const list = listOf(server, topic, partition);
      firsts[place] = first;
      counts[place] = count;
      ids.set(from.subarray(0, idBytes), place * idBytes);
      list.places.splice(above(list, first), 0, place);
      owners[place] = list;
    },
    of(server, topic, partition, offset) {
      const servers = partitions.get(keyOf(topic, partition));
      if (servers === undefined) return undefined;
      const there = servers.get(server);
      let found: number | undefined;
      for (const list of there === undefined ? servers.values() : [there]) {
        const place = find(list, offset);
        if (place === undefined) continue;
        if (found !== undefined) return undefined;
        found = place;
      }
      return found === undefined ? undefined : ids.slice(found * idBytes, (found + 1) * idBytes);
    },
  };
  return origins;
}

const keyOf = (topic: string, partition: number): string => `${partition} ${topic}`;
