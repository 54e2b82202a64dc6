import type { DropCount } from "./api/status-types.js";

// What to do about what was lost or refused, by place and reason: shown beside the counts on the page and by the command.
const fixes: Readonly<Record<DropCount["place"], Readonly<Record<string, string>>>> = {
  receive: {
    rejected:
      "items without a trace or span id, or with broken fields: their sender was told which; mend it there",
    "not-otlp":
      "the body was not the message of its path: check the sender's protocol, path and Content-Type",
    "bad-encoding": "the body was not compressed as its Content-Encoding said: check proxies on the way",
    "unsupported-type": "send application/x-protobuf or application/json, with gzip, zstd or nothing",
    "too-large": "make the sender's batches smaller (64 MiB over HTTP, 16 MiB over gRPC)",
    "too-many":
      "the sender was asked to come back: it lost nothing if it retries. If this grows, the disk or the CPU is too slow",
    "request-timeout": "a body did not arrive within a minute: check the network or the sender's load",
    "store-not-ready": "the sender was asked to come back: see the store's state above",
    "disk-full": "free room on the disk or keep data for a shorter time (go3s up --retention)",
    "shutting-down": "the sender was asked to come back after the restart",
    "not-found": "something sends to an address that takes nothing: /v1/traces, /v1/logs and /v1/metrics do",
    "method-not-allowed": "telemetry is taken by POST",
    "jaeger-udp-truncated":
      "datagrams were cut off on their way: let Jaeger's clients send smaller packets, or over HTTP",
    "jaeger-udp-malformed": "something sends other than emitBatch of Jaeger's clients to the datagram port",
    "jaeger-udp-too-many":
      "more came by datagram than the disk takes: send over HTTP or gRPC, which make clients wait",
    internal: "a bug of Go3s: please report it with the server's log",
  },
  store: {
    torn: "the machine stopped while these bytes were written; none of them was acknowledged",
    damaged: "the disk gave other bytes than were written: they lie in wal/damaged; check the disk",
    "not-taken":
      "whole segments could not be read or inserted while others were: they lie in wal/damaged and are offered again at the next start; check the disk",
    "refused-by-engine":
      "rows that the engine did not take lie in wal/damaged: please report it with the server's log",
  },
  agent: {
    "ring-full": "more events than the agent can read: watch fewer processes or give it a CPU",
    "map-full": "more open connections or requests than the probes have room for",
    "unreadable-memory": "a process's memory was paged out when a probe looked; harmless when rare",
    pipelined: "several requests in one write of a connection: only the first is told",
    "no-original":
      "requests told as repetitions of one that was forgotten: more than 16,384 connections at once; restart the agent if it goes on",
    "no-request": "responses whose request began before the probes were there; ends by itself",
    replaced: "a connection began a new request before the last one ended",
    stale: "requests that had no end for minutes, as streams do",
    "too-many-open": "more requests are open than the agent keeps",
    "queue-full": "the receiver did not take the agent's data for long: see the store's state",
    refused: "the receiver refused the agent's data for good: are agent and server of one version?",
    closed: "data that was still on its way when the agent ended",
    "tcp-rate-limit": "more than 2,000 connections a second: the rest is counted only",
    "unknown-record": "agent and probes are of different versions: stop the other agent or clear the cache",
    "sampled-out": "dropped on purpose, by the probe's own sampling",
    "perf-lost": "more events than the probe's buffer holds: filter in the probe",
    "short-record": "the probe wrote less than its record's size: a bug of the probe",
  },
  stream: {},
};

/** withFix adds what to do about a drop, where that is known. */
export function withFix(drop: DropCount): DropCount {
  // A probe's own drops are named "PROBE: REASON".
  const reason = drop.reason.split(": ").at(-1) ?? "";
  const known = fixes[drop.place];
  const fix = Object.hasOwn(known, reason) ? known[reason] : undefined;
  return fix === undefined ? drop : { ...drop, fix };
}
