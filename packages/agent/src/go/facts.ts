import { BinaryError, type GoBinary, goOffsets, openGoBinary } from "@go3s/binary";
import { fileIdentity } from "@go3s/bpf";
import { type ApiSwitches, madeSites } from "../made/made-sites.js";
import { type GoTls, goTls, tlsStructs } from "../tls/go-tls.js";
import { type CallSite, callInside } from "./call-site.js";
import { kafkaCalls, kafkaStructs } from "./kafka-calls.js";
import { messageStructs } from "./message-sites.js";
import { type RouteSite, routeSites, routeStructs } from "./route-sites.js";
import { saramaStructs } from "./sarama-sites.js";
import { sqlCalls, sqlStructs } from "./sql-calls.js";
import { streamStructs } from "./stream-structs.js";
import { type GoStreams, goStreams } from "./streams.js";

/** GoProbe names a place in a Go program that tells what the wire does not. */
export type GoProbe = "handlerEnd" | "roundTrip" | "spawn" | "connServe";

/** goProbeNames are all of them. */
export const goProbeNames = ["handlerEnd", "roundTrip", "spawn", "connServe"] as const;

/** goProbes lists each with the function it sits in and what is lost without it. */
export const goProbes: Readonly<Record<GoProbe, { readonly symbol: string; readonly loses: string }>> = {
  handlerEnd: {
    symbol: "net/http.(*response).finishRequest",
    loses: "http.route by the program's own patterns",
  },
  roundTrip: { symbol: "net/http.(*persistConn).roundTrip", loses: "parents of outgoing requests" },
  spawn: { symbol: "runtime.newproc1", loses: "parents of outgoing requests more than one goroutine away" },
  connServe: {
    symbol: "net/http.(*conn).serve",
    loses: "routes and children of requests whose beginning another goroutine read",
  },
};

/** GoFacts is what the probes must know of a Go executable. Offsets are bytes; undefined where nobody knows. */
export interface GoFacts {
  /** file is the identity of what was read: the places are in no other (fileIdentity of @go3s/bpf). */
  readonly file?: string;
  /** "1.26.8", "" when the file does not say. */
  readonly version: string;
  readonly goid: number | undefined;
  /** Go 1.21 and newer. */
  readonly parentGoid: number | undefined;
  readonly responseReq: number | undefined;
  readonly requestPattern: number | undefined;
  /** Go 1.22: Request.pat points to a pattern that begins with its text. */
  readonly patternIsPointer: boolean;
  readonly persistConn: number | undefined;
  /** File offsets for uprobes, of the functions the program has and whose arguments can be read. */
  readonly sites: Readonly<Partial<Record<GoProbe, number>>>;
  /** calls are the places that tell calls into libraries, database/sql, Kafka's producers, and spans that the program makes itself. */
  readonly calls: readonly CallSite[];
  /** apiSwitches turn its spans by OpenTelemetry's API on (made/api-toggle.ts); undefined where it has none. */
  readonly apiSwitches?: ApiSwitches | undefined;
  /** tls are the places where what it says by crypto/tls is plain text. */
  readonly tls: GoTls;
  /** streams are the places that tell HTTP/2 and gRPC by their libraries. */
  readonly streams: GoStreams;
  /** routes are the places that tell the routes of routers besides net/http's. */
  readonly routes: readonly RouteSite[];
  /** What will be missing in the telemetry, each with its reason; empty when all is known. */
  readonly lost: readonly string[];
}

const wanted = {
  "runtime.g": ["goid", "parentGoid"],
  "net/http.response": ["req"],
  "net/http.Request": ["Pattern", "pat"],
  "net/http.persistConn": ["conn"],
  "internal/poll.FD": ["Sysfd"],
  "net.netFD": ["pfd"],
  "net/http.conn": ["rwc"],
  ...sqlStructs,
  ...tlsStructs,
  ...streamStructs,
  ...kafkaStructs,
  ...messageStructs,
  ...saramaStructs,
  ...routeStructs,
};

// The round-trip probe reads the descriptor where it has been since Go 1.16: net.netFD begins with poll.FD, which has
// Sysfd behind its 16-byte mutex.
const sysfdOffset = 16;
// The place of a server's net.Conn in its conn, as probes/go.go3s has it.
const rwcOffset = 16;

/** readGoFacts opens an executable. Returns undefined when Go did not build it; throws BinaryError when it is broken. */
export function readGoFacts(path: string): GoFacts | undefined {
  let binary: GoBinary;
  const file = fileIdentity(path);
  try {
    binary = openGoBinary(path);
  } catch (error) {
    if (error instanceof BinaryError && error.code === "not-go") return undefined;
    throw error;
  }
  try {
    const facts = factsOf(binary);
    return { ...facts, tls: { ...facts.tls, file }, file };
  } finally {
    binary.close();
  }
}

/** factsOf reads an open Go binary. It never throws for what is missing: that costs fields, which `lost` names. */
export function factsOf(binary: GoBinary): GoFacts {
  const offsets = goOffsets(binary, wanted);
  const goid = offsets.of("runtime.g", "goid");
  const parentGoid = offsets.of("runtime.g", "parentGoid");
  const responseReq = offsets.of("net/http.response", "req");
  const pattern = offsets.of("net/http.Request", "Pattern");
  const requestPattern = pattern ?? offsets.of("net/http.Request", "pat");
  const persistConn = offsets.of("net/http.persistConn", "conn");
  const sysfd = offsets.of("internal/poll.FD", "Sysfd");
  const lost: string[] = [];
  const sites: Partial<Record<GoProbe, number>> = {};
  // Before the register ABI (Go 1.17) arguments are on the stack, where the probes do not look.
  const hasRegisters = binary.version === undefined || binary.version.minor >= 17;

  const known: Record<GoProbe, boolean> = {
    handlerEnd: goid !== undefined && responseReq !== undefined,
    roundTrip:
      goid !== undefined && persistConn !== undefined && (sysfd === undefined || sysfd === sysfdOffset),
    spawn: goid !== undefined,
    connServe: goid !== undefined && (offsets.of("net/http.conn", "rwc") ?? rwcOffset) === rwcOffset,
  };
  for (const probe of goProbeNames) {
    const { symbol, loses } = goProbes[probe];
    const found = binary.functions.find(symbol);
    // A program without the function has nothing to tell there.
    if (found === undefined) continue;
    if (!hasRegisters) lost.push(`${loses}: Go before 1.17 passes arguments on the stack`);
    else if (!known[probe])
      lost.push(`${loses}: unknown struct offsets in Go ${binary.version?.minor ?? "?"}`);
    else {
      try {
        // Before Go 1.21 nobody but newproc's own code knows both parent and child.
        const isOld = probe === "spawn" && parentGoid === undefined;
        const site = isOld
          ? callInside(binary, "runtime.newproc.func1", "runtime.runqput")
          : binary.probeAddress(found).fileOffset;
        if (site !== undefined) sites[probe] = site;
      } catch (error) {
        if (!(error instanceof BinaryError)) throw error;
        lost.push(`${loses}: ${error.message}`);
      }
    }
  }
  if (goid === undefined) lost.push("go3s.goroutine.id and parents: the offset of runtime.g.goid is unknown");
  else if (parentGoid === undefined && sites.spawn === undefined) {
    lost.push("parents across goroutines: Go keeps a goroutine's parent from 1.21 on");
  }
  const sql = sqlCalls(binary, offsets, hasRegisters ? goid : undefined);
  const streams = goStreams(binary, offsets, hasRegisters ? goid : undefined);
  const kafka = kafkaCalls(binary, offsets, hasRegisters ? goid : undefined);
  const routes = routeSites(binary, offsets, hasRegisters ? goid : undefined);
  if (sites.handlerEnd !== undefined && requestPattern === undefined && !routes.hasMux) {
    lost.push("http.route: net/http keeps patterns from Go 1.22 on");
  }
  const made = madeSites(binary, hasRegisters ? goid : undefined);
  lost.push(...sql.lost, ...streams.lost, ...kafka.lost, ...routes.lost, ...made.lost);
  const v = binary.version;
  return {
    version: v === undefined ? "" : `${v.major}.${v.minor}.${v.patch}`,
    goid,
    parentGoid,
    responseReq,
    requestPattern,
    patternIsPointer: pattern === undefined,
    persistConn,
    sites,
    tls: goTls(binary, offsets, hasRegisters),
    streams,
    calls: [...sql.sites, ...kafka.sites, ...made.sites],
    apiSwitches: made.switches,
    routes: routes.sites,
    lost,
  };
}
