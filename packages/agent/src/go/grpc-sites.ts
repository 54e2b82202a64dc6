import type { GoBinary } from "@go3s/binary";
import {
  encodeLayout,
  returnsOf,
  StreamKind,
  type StreamProgram,
  type StreamSite,
  siteAt,
  streamCookie,
} from "./stream-site.js";
import type { StreamOffsets } from "./stream-structs.js";

/** LibrarySites is what one library of a program gives. */
export interface LibrarySites {
  readonly sites: readonly StreamSite[];
  /** layout is what the probes must know of its version. */
  readonly layout: Uint8Array;
  /** server and client say which sides are told whole. */
  readonly server: boolean;
  readonly client: boolean;
  readonly lost: readonly string[];
}

const grpc = "google.golang.org/grpc";
const transport = `${grpc}/internal/transport`;
/** contextFirst: operateHeaders has its context before the frame; 1.60. */
const contextFirst = 60_000;
/** Streams of servers and clients point to what they have in common from 1.69 on, and hold it from 1.77 on. */
const pointsToStream = { from: 69_000, to: 77_000 } as const;

/** grpcSites finds google.golang.org/grpc in a program; undefined when it has none. */
export function grpcSites(binary: GoBinary, offsets: StreamOffsets): LibrarySites | undefined {
  const has = (name: string): boolean => binary.functions.find(name) !== undefined;
  const isServer = has(`${grpc}.(*Server).handleStream`);
  const isClient = has(`${grpc}.(*clientStream).newAttemptLocked`);
  if (!isServer && !isClient) return undefined;
  const version = offsets.version(grpc) ?? Number.POSITIVE_INFINITY;
  const lost: string[] = [];
  const sites: StreamSite[] = [];
  const stream = (field: string) => offsets.of(`${transport}.Stream`, field);
  const [id, method] = [stream("id"), stream("method")];
  const call = (field: string) => offsets.of(`${grpc}.csAttempt`, field);
  const header = offsets.of(`${grpc}.clientStream`, "callHdr");
  const attempt = call("cs");

  /** add finds places that all have to be there; of several names the program has one. */
  const add = (
    what: string,
    rows: readonly (readonly [names: readonly string[], StreamProgram, bigint])[],
  ): boolean => {
    const found: StreamSite[] = [];
    for (const [names, program, cookie] of rows) {
      const site = names
        .map((name) => siteAt(binary, name, program, cookie))
        .find((each) => each !== undefined);
      if (site === undefined || typeof site === "string") {
        lost.push(`${what}: ${site ?? `no ${names[0]}`}`);
        return false;
      }
      found.push(site);
    }
    sites.push(...found);
    return true;
  };

  const cookie = streamCookie(StreamKind.grpc);
  const frame = version >= contextFirst ? 3 : 1;
  let server = false;
  if (isServer && (id === undefined || method === undefined)) {
    lost.push("gRPC's calls that are served: unknown struct offsets of google.golang.org/grpc");
  } else if (isServer) {
    server = add("gRPC's calls that are served", [
      [[`${transport}.(*http2Server).operateHeaders`], "onHeaders", streamCookie(StreamKind.grpc, frame)],
      [[`${grpc}.(*Server).handleStream`], "onGRPCServe", cookie],
      [
        [`${transport}.(*http2Server).writeStatus`, `${transport}.(*http2Server).WriteStatus`],
        "onGRPCServed",
        cookie,
      ],
    ]);
  }
  let client = false;
  if (isClient && (header === undefined || attempt === undefined || id === undefined)) {
    lost.push("gRPC's calls that are made: unknown struct offsets of google.golang.org/grpc");
  } else if (isClient) {
    client = add("gRPC's calls that are made", [
      [[`${grpc}.(*clientStream).newAttemptLocked`], "onGRPCCall", cookie],
      [[`${grpc}.(*csAttempt).sendMsg`], "onGRPCSent", cookie],
      [[`${grpc}.(*clientStream).finish`], "onGRPCCalled", cookie],
    ]);
    // Before 1.52 a call that gets no stream is finished as any other.
    const failed = client && siteAt(binary, `${grpc}.(*csAttempt).shouldRetry`, "onGRPCFailed", cookie);
    if (typeof failed === "object") sites.push(failed);
    // What a call is called goes with its headers to the goroutine that writes them, with propagation; both or neither.
    const fields = returnsOf(
      binary,
      `${transport}.(*http2Client).createHeaderFields`,
      "onGRPCFields",
      cookie,
    );
    const header = siteAt(binary, `${transport}.(*loopyWriter).writeHeader`, "onGRPCHeader", cookie);
    if (client && fields.length > 0 && typeof header === "object") sites.push(...fields, header);
  }

  const status = (field: string) =>
    offsets.of("google.golang.org/genproto/googleapis/rpc/status.Status", field);
  if (status("Code") === undefined)
    lost.push("rpc.response.status_code: unknown struct offsets of google.rpc.Status");
  const connection = (side: "http2Server" | "http2Client", field: string) =>
    offsets.of(`${transport}.${side}`, field);
  const peer = connection("http2Server", "peer");
  const inPeer = (field: string): number | undefined => {
    const at = offsets.of(`${grpc}/peer.Peer`, field);
    return peer === undefined || at === undefined ? undefined : peer + at;
  };
  const layout = encodeLayout([
    version >= pointsToStream.from && version < pointsToStream.to ? 1 : 0,
    id,
    method,
    inPeer("LocalAddr") ?? connection("http2Server", "localAddr"),
    inPeer("Addr") ?? connection("http2Server", "remoteAddr"),
    connection("http2Client", "localAddr"),
    connection("http2Client", "remoteAddr"),
    header,
    offsets.of(`${transport}.CallHdr`, "Host"),
    offsets.of(`${transport}.CallHdr`, "Method"),
    attempt,
    call("transport") ?? call("t"),
    call("transportStream") ?? call("s"),
    status("Code"),
    status("Message"),
    offsets.of(`${grpc}/internal/status.Error`, "e") === undefined ? 0 : 1,
  ]);
  return { sites, layout, server, client, lost };
}
