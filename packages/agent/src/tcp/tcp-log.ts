import { attributeKey, type LogWriter } from "@go3s/telemetry";
import { formatAddress } from "../discovery/sockets.js";
import type { TcpEvent } from "../events/event.js";
import { addressSize, Role } from "../events/layout.js";
import type { Batches } from "../export/batches.js";
import type { Nanos, WallClock } from "../spans/clock.js";
import { connectionStates } from "./connection-states.js";

const key = {
  transport: attributeKey("network.transport"),
  type: attributeKey("network.type"),
  localAddress: attributeKey("network.local.address"),
  localPort: attributeKey("network.local.port"),
  peerAddress: attributeKey("network.peer.address"),
  peerPort: attributeKey("network.peer.port"),
  peerService: attributeKey("peer.service"),
  serverAddress: attributeKey("server.address"),
  pid: attributeKey("process.pid"),
  errorType: attributeKey("error.type"),
  role: attributeKey("go3s.tcp.role"),
  connectNs: attributeKey("go3s.tcp.connect_ns"),
  durationNs: attributeKey("go3s.tcp.duration_ns"),
  bytesSent: attributeKey("go3s.tcp.bytes_sent"),
  bytesReceived: attributeKey("go3s.tcp.bytes_received"),
  retransmits: attributeKey("go3s.tcp.retransmits"),
  rttNs: attributeKey("go3s.tcp.rtt_ns"),
  state: attributeKey("network.connection.state"),
} as const;

// OTLP's numbers (opentelemetry/proto/logs/v1/logs.proto).
const info = 9;
const warn = 13;

// What a connect can fail with (errno of connect(2)), by the names that people search for.
const failures: Readonly<Record<number, string>> = {
  32: "EPIPE",
  101: "ENETUNREACH",
  103: "ECONNABORTED",
  104: "ECONNRESET",
  110: "ETIMEDOUT",
  111: "ECONNREFUSED",
  112: "EHOSTDOWN",
  113: "EHOSTUNREACH",
};

/** TcpParty is a process at one end of a connection, as far as it is known. */
export interface TcpParty {
  readonly pid: number;
  readonly serviceName: string;
  readonly resource: Uint8Array;
}

/** TcpLogOptions are what the log needs from around it. */
export interface TcpLogOptions {
  readonly batches: Batches<LogWriter>;
  readonly clock: WallClock;
  /** ownerOf names the process at this end: by pid, else by the port it listens on in a network namespace; undefined when it is not to be told. */
  readonly ownerOf: (
    tgid: number,
    comm: string,
    listeningPort: number,
    network: number,
  ) => TcpParty | undefined;
  /** peerOf names the process on this machine that listens at an address as that namespace has it, if one does. */
  readonly peerOf: (address: string, port: number, network: number) => TcpParty | undefined;
  /** nameOf gives the name that a process found an address by, "" for none. */
  readonly nameOf: (tgid: number, address: string) => string;
}

/** TcpLog writes connections as log records `tcp.connect` and `tcp.close`. */
export interface TcpLog {
  open(event: TcpEvent): void;
  close(event: TcpEvent): void;
  /** counts: connections told, and those left out by the rate limit. */
  counts(): { readonly told: number; readonly limited: number };
  /** tick refills the rate limit; call it once a second. */
  tick(): void;
}

// A machine that opens connections faster than this would fill the store with them; the rest is counted.
const recordsPerSecond = 2000;

/** newTcpLog makes a log of TCP connections. */
export function newTcpLog(options: TcpLogOptions): TcpLog {
  const time: Nanos = { lo: 0, hi: 0 };
  let budget = recordsPerSecond;
  let told = 0;
  let limited = 0;

  const write = (event: TcpEvent, name: "tcp.connect" | "tcp.close"): void => {
    const server = event.role === Role.server;
    const owner = options.ownerOf(event.tgid, commText(event), server ? event.localPort : 0, event.network);
    if (owner === undefined) return;
    if (budget <= 0) {
      limited++;
      return;
    }
    budget--;
    told++;
    const local = addressText(event, event.localAddress);
    const peer = addressText(event, event.peerAddress);
    const failure = event.error === 0 ? "" : (failures[event.error] ?? `errno ${event.error}`);
    const writer = options.batches.writerFor(owner.resource);
    writer.beginLog();
    options.clock.toUnix(event.ns, time);
    writer.time(time.lo, time.hi);
    writer.observedTime(time.lo, time.hi);
    const failed = failure !== "" && name === "tcp.connect";
    writer.severity(failed ? warn : info, failed ? "WARN" : "INFO");
    writer.body(
      bodyOf(event, name, server, `${local}:${event.localPort}`, `${peer}:${event.peerPort}`, failure),
    );
    writer.eventName(name);
    writer.stringAttribute(key.transport, "tcp");
    writer.stringAttribute(key.type, event.family === 2 ? "ipv4" : "ipv6");
    writer.stringAttribute(key.localAddress, local);
    writer.intAttribute(key.localPort, event.localPort);
    writer.stringAttribute(key.peerAddress, peer);
    writer.intAttribute(key.peerPort, event.peerPort);
    const other = server ? undefined : options.peerOf(peer, event.peerPort, event.network);
    if (other !== undefined) writer.stringAttribute(key.peerService, other.serviceName);
    const found = server ? "" : options.nameOf(event.tgid, peer);
    if (found !== "") writer.stringAttribute(key.serverAddress, found);
    // A process that is gone has its number still.
    const pid = owner.pid > 0 ? owner.pid : event.tgid;
    if (pid > 0) writer.intAttribute(key.pid, pid);
    writer.stringAttribute(key.role, server ? "server" : "client");
    if (failure !== "") writer.stringAttribute(key.errorType, failure);
    if (name === "tcp.connect" && event.connectNs > 0) writer.intAttribute(key.connectNs, event.connectNs);
    if (name === "tcp.close") {
      if (event.startNs > 0) writer.intAttribute(key.durationNs, Math.max(0, event.ns - event.startNs));
      writer.intAttribute(key.bytesSent, event.bytesSent);
      writer.intAttribute(key.bytesReceived, event.bytesReceived);
    }
    const state = connectionStates[event.state];
    if (state !== undefined) writer.stringAttribute(key.state, state);
    if (event.retransmits > 0) writer.intAttribute(key.retransmits, event.retransmits);
    if (event.rttUs > 0) writer.intAttribute(key.rttNs, event.rttUs * 1000);
    writer.endLog();
    options.batches.added();
  };

  return {
    open: (event) => write(event, "tcp.connect"),
    close: (event) => write(event, "tcp.close"),
    counts: () => ({ told, limited }),
    tick() {
      budget = recordsPerSecond;
    },
  };
}

function bodyOf(
  event: TcpEvent,
  name: string,
  server: boolean,
  local: string,
  peer: string,
  failure: string,
): string {
  const ends = server ? `${peer} -> ${local}` : `${local} -> ${peer}`;
  if (name === "tcp.connect") {
    if (failure !== "") return `connection failed ${ends}: ${failure}`;
    return server ? `connection accepted ${ends}` : `connected ${ends}`;
  }
  const more = [
    ...(event.retransmits > 0 ? [`${event.retransmits} retransmits`] : []),
    ...(failure === "" ? [] : [failure]),
  ];
  return [
    `connection closed ${ends}: ${event.bytesSent} B sent`,
    `${event.bytesReceived} B received`,
    ...more,
  ].join(", ");
}

/** addressText writes an event's address; IPv4 uses the first 4 bytes. */
export function addressText(event: TcpEvent, at: number): string {
  return formatAddress(event.memory.subarray(at, at + (event.family === 2 ? 4 : addressSize)));
}

/** commText is the kernel's short name of the process, up to the first zero. */
export function commText(event: { readonly memory: Uint8Array; readonly comm: number }): string {
  const bytes = event.memory.subarray(event.comm, event.comm + 16);
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end < 0 ? bytes.length : end)).toString("utf8");
}
