import type { KeyValue } from "@go3s/telemetry";
import { type Exponential, newExponential } from "../declared/exponential.js";
import { tcpStates } from "../discovery/sockets.js";
import type { PointList } from "../runtime/point-list.js";
import type { ConnectionRow } from "./connection-rows.js";
import { connectionStates } from "./connection-states.js";

/** ClosedConnection is a connection at its end. */
export type ClosedConnection = Omit<ConnectionRow, "state"> & {
  readonly isServer: boolean;
  /** isWhole says that it began after its process was watched. */
  readonly isWhole: boolean;
};

/**
 * ConnectionFigures makes metrics of what a process's connections have done between two looks, by the server that they go to or the port
 * that they came to: go3s.tcp.connections, go3s.tcp.retransmits and go3s.tcp.rtt.
 */
export interface ConnectionFigures {
  /**
   * look takes the sockets that the process has now, and the ports that others listen on, which may have accepted for it. What was sent
   * again before the first look is not counted.
   */
  look(rows: readonly ConnectionRow[], elsewhere?: ReadonlySet<number>): void;
  /** has says whether the last looks had a connection. */
  has(connection: Ends): boolean;
  /** closed adds what came since the last look. */
  closed(connection: ClosedConnection): void;
  /** tell puts what changed into a list. */
  tell(points: PointList): void;
}

type Ends = Pick<ConnectionRow, "localAddress" | "localPort" | "peerAddress" | "peerPort">;

interface Series {
  readonly attributes: readonly KeyValue[];
  /** since is where its first point begins: with what was told before it, in Unix nanoseconds; undefined for the first ones. */
  readonly since: bigint | undefined;
  /** usedAt is the last look at which a connection was counted in it. */
  usedAt: number;
  /** states counts the connections that there are. */
  states: Map<number, number>;
  retransmits: number;
  readonly rtt: Exponential;
  /** measured counts what was added to `rtt` since it was told. */
  measured: number;
}

interface Seen {
  readonly bytes: number;
  readonly retransmits: number;
  readonly series: Series;
  /** missed counts the looks since: its last bytes may be on their way though no file is left. */
  missed: number;
}

// A crawler must not fill the store: what is beyond goes into one series, as OpenTelemetry's SDKs do it (otel.metric.overflow).
const seriesLimit = 200;
const overflow: KeyValue[] = [{ key: "otel.metric.overflow", value: { boolValue: true } }];
const missedLimit = 12;
// A peer that nothing was connected to for five minutes makes room, as the Collector's exporters and Prometheus take a series for ended
// by then. OpenTelemetry's instruments that are read, as these are, tell what there is, too; one that comes back begins at 0 anew.
const looksKept = 30;

/** listeningPorts are those that a process listens on itself. */
export const listeningPorts = (rows: readonly ConnectionRow[]): Set<number> =>
  new Set(rows.filter(({ state }) => state === tcpStates.listen).map(({ localPort }) => localPort));

const keyOf = ({ localAddress, localPort, peerAddress, peerPort }: Ends): string =>
  `${localAddress} ${localPort} ${peerAddress} ${peerPort}`;

/**
 * newConnectionFigures knows no connection; `nameOf` gives the name that the process found an address by, "" for none, and `unixNow`
 * the time in nanoseconds.
 */
export function newConnectionFigures(
  nameOf: (address: string) => string,
  unixNow: () => bigint = () => BigInt(Date.now()) * 1_000_000n,
): ConnectionFigures {
  const all = new Map<string, Series>();
  let connections = new Map<string, Seen>();
  let looks = 0;
  let toldAt: bigint | undefined;
  let isFirst = true;
  let isChanged = false;

  const seriesOf = (row: Ends, isServer: boolean): Series => {
    const address = isServer ? "" : nameOf(row.peerAddress) || row.peerAddress;
    const port = isServer ? row.localPort : row.peerPort;
    const name = `${isServer} ${address} ${port}`;
    const found = all.get(name);
    if (found !== undefined) return found;
    const isFull = all.size >= seriesLimit;
    const place = isFull ? "overflow" : name;
    const made =
      all.get(place) ?? newSeries(isFull ? overflow : attributesOf(isServer, address, port), toldAt);
    all.set(place, made);
    return made;
  };
  const forgetSilent = (): void => {
    for (const { series } of connections.values()) series.usedAt = looks;
    for (const [name, { usedAt }] of all) if (looks - usedAt > looksKept) all.delete(name);
  };
  /** add counts what a connection has done beyond what was seen of it. */
  const add = (series: Series, row: Omit<ConnectionRow, "state">, before: Counted): void => {
    series.usedAt = looks;
    series.retransmits += row.retransmits - before.retransmits;
    if (bytesOf(row) === before.bytes || row.rttUs === 0) return;
    series.rtt.add(row.rttUs / 1e6);
    series.measured++;
  };
  /** seenOf gives what was seen of a connection, and not of an earlier one with the same ports. */
  const seenOf = (row: Omit<ConnectionRow, "state">): Seen | undefined => {
    const seen = connections.get(keyOf(row));
    const isSame = seen !== undefined && bytesOf(row) >= seen.bytes && row.retransmits >= seen.retransmits;
    return isSame ? seen : undefined;
  };

  return {
    look(rows, elsewhere = new Set()) {
      looks++;
      forgetSilent();
      const listening = listeningPorts(rows);
      for (const series of all.values())
        series.states = new Map([...series.states.keys()].map((s) => [s, 0]));
      const now = new Map<string, Seen>();
      for (const row of rows) {
        if (connectionStates[row.state] === undefined) continue;
        const seen = seenOf(row);
        // What goes on in the rest's series gets its own as soon as there is room.
        const own = seen?.series.attributes === overflow ? undefined : seen?.series;
        const series = own ?? seriesOf(row, listening.has(row.localPort) || elsewhere.has(row.localPort));
        const counted: Counted = { bytes: bytesOf(row), retransmits: row.retransmits };
        add(series, row, seen ?? (isFirst ? counted : nothing));
        series.states.set(row.state, (series.states.get(row.state) ?? 0) + 1);
        now.set(keyOf(row), { ...counted, series, missed: 0 });
      }
      for (const [key, seen] of connections)
        if (!now.has(key) && ++seen.missed <= missedLimit) now.set(key, seen);
      connections = now;
      isFirst = false;
      isChanged = true;
    },
    has: (connection) => connections.has(keyOf(connection)),
    closed(row) {
      const seen = seenOf(row);
      connections.delete(keyOf(row));
      if (seen === undefined && !row.isWhole) return;
      add(seen?.series ?? seriesOf(row, row.isServer), row, seen ?? nothing);
      isChanged = true;
    },
    tell(points) {
      if (!isChanged) return;
      isChanged = false;
      toldAt = unixNow();
      for (const series of all.values()) {
        const { attributes, since } = series;
        for (const [state, count] of series.states) {
          const text = {
            key: "network.connection.state",
            value: { stringValue: connectionStates[state] ?? "" },
          };
          points.add("go3s.tcp.connections", count, [...attributes, text], true, since);
          if (count === 0) series.states.delete(state);
        }
        points.add("go3s.tcp.retransmits", series.retransmits, attributes, true, since);
        if (series.measured > 0) {
          const begin = since === undefined ? {} : { startTimeUnixNano: since };
          points.exponential("go3s.tcp.rtt", { ...series.rtt.point(), ...begin, attributes });
        }
        series.measured = 0;
      }
    },
  };
}

type Counted = Pick<Seen, "bytes" | "retransmits">;
const nothing: Counted = { bytes: 0, retransmits: 0 };

const bytesOf = ({ bytesSent, bytesReceived }: Pick<ConnectionRow, "bytesSent" | "bytesReceived">): number =>
  bytesSent + bytesReceived;

const newSeries = (attributes: readonly KeyValue[], since: bigint | undefined): Series => ({
  attributes,
  since,
  usedAt: 0,
  states: new Map(),
  retransmits: 0,
  rtt: newExponential(),
  measured: 0,
});

function attributesOf(isServer: boolean, address: string, port: number): KeyValue[] {
  return [
    { key: "go3s.tcp.role", value: { stringValue: isServer ? "server" : "client" } },
    ...(address === "" ? [] : [{ key: "server.address", value: { stringValue: address } }]),
    { key: "server.port", value: { intValue: BigInt(port) } },
  ];
}
