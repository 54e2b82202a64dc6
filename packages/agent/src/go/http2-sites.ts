import type { GoBinary } from "@go3s/binary";
import type { LibrarySites } from "./grpc-sites.js";
import {
  deferredIn,
  encodeLayout,
  StreamKind,
  type StreamProgram,
  type StreamSite,
  siteAt,
  streamCookie,
} from "./stream-site.js";
import { ownHTTP2, type StreamOffsets } from "./stream-structs.js";

/** Naming is what an implementation of HTTP/2 calls its own: the same code under other names. */
interface Naming {
  readonly struct: (name: string) => string;
  /** method writes "(*http2serverConn).runHandler" as Go does, which puts the package's name in front. */
  readonly method: (type: string, name: string) => string;
  /** requests and the others are the structs that its functions take and give. */
  readonly request: string;
  readonly called: string;
  readonly answer: string;
}

const ofHTTP = { request: "net/http.Request", called: "net/http.Request", answer: "net/http.Response" };

/** namings are by the number that the probes know a library by: Go's own, before 1.27 a part of net/http, and golang.org/x/net. */
const namings: readonly (readonly Naming[])[] = [
  [
    {
      ...ofHTTP,
      struct: (name) => `net/http.http2${name}`,
      method: (type, name) => `net/http.(*http2${type}).${name}`,
    },
    {
      struct: (name) => `${ownHTTP2}${name}`,
      method: (type, name) => `${ownHTTP2}(*${type}).${name}`,
      request: `${ownHTTP2}ServerRequest`,
      called: `${ownHTTP2}ClientRequest`,
      answer: `${ownHTTP2}ClientResponse`,
    },
  ],
  [
    {
      ...ofHTTP,
      struct: (name) => `golang.org/x/net/http2.${name}`,
      method: (type, name) => `golang.org/x/net/http2.(*${type}).${name}`,
    },
  ],
];

/** http2Sites finds one of the libraries in a program; undefined when it has none of its functions. */
export function http2Sites(binary: GoBinary, offsets: StreamOffsets, which: 0 | 1): LibrarySites | undefined {
  const has = (name: string): boolean => binary.functions.find(name) !== undefined;
  const serves = ({ method }: Naming): boolean => has(method("serverConn", "runHandler"));
  const asks = ({ method }: Naming): boolean => has(method("clientStream", "doRequest"));
  const naming = namings[which]?.find((each) => serves(each) || asks(each));
  if (naming === undefined) return undefined;
  const { method } = naming;
  const [isServer, isClient] = [serves(naming), asks(naming)];
  const struct = (name: string, field: string) => offsets.of(naming.struct(name), field);
  const sites: StreamSite[] = [];
  const lost: string[] = [];
  const cookie = streamCookie(StreamKind.http2, 0, which);

  const add = (
    what: string,
    rows: readonly (readonly [string | undefined, StreamProgram, bigint])[],
  ): boolean => {
    const found: StreamSite[] = [];
    for (const [name, program, packed] of rows) {
      const site = name === undefined ? undefined : siteAt(binary, name, program, packed);
      if (site === undefined || typeof site === "string") {
        lost.push(`${what}: ${site ?? `no place for ${program} in this version`}`);
        return false;
      }
      found.push(site);
    }
    sites.push(...found);
    return true;
  };

  const state = struct("responseWriter", "rws");
  const stateStream = struct("responseWriterState", "stream");
  let server = false;
  const served = `requests by HTTP/2 of ${which === 0 ? "net/http" : "golang.org/x/net"}`;
  if (isServer && (state === undefined || stateStream === undefined))
    lost.push(`${served}: unknown struct offsets`);
  else if (isServer) {
    const handler = method("serverConn", "runHandler");
    server = add(served, [
      [method("serverConn", "processHeaders"), "onHeaders", streamCookie(StreamKind.http2, 1, which)],
      [handler, "onHTTP2Serve", cookie],
      [deferredIn(binary, handler, method("responseWriter", "handlerDone")), "onHTTP2Served", cookie],
    ]);
  }
  let client = false;
  const asked = `outgoing ${served}`;
  if (isClient && struct("clientStream", "cc") === undefined) lost.push(`${asked}: unknown struct offsets`);
  else if (isClient) {
    client = add(asked, [
      [method("clientStream", "doRequest"), "onHTTP2Call", cookie],
      [method("clientStream", "encodeAndWriteHeaders"), "onHTTP2Sent", cookie],
      [method("clientStream", "cleanupWriteRequest"), "onHTTP2Called", cookie],
    ]);
  }

  const request = (field: string) => offsets.of(naming.request, field);
  const url = (field: string) => offsets.of("net/url.URL", field);
  const layout = encodeLayout([
    struct("serverConn", "conn"),
    struct("serverConn", "tlsState"),
    state,
    stateStream,
    struct("responseWriterState", "req"),
    struct("responseWriterState", "status"),
    struct("responseWriterState", "wroteBytes"),
    struct("stream", "id"),
    struct("stream", "bodyBytes"),
    struct("stream", "declBodyBytes"),
    struct("stream", "closeErr"),
    struct("stream", "ctx"),
    offsets.of("context.cancelCtx", "err"),
    struct("clientStream", "cc"),
    struct("clientStream", "ID"),
    struct("clientStream", "res"),
    struct("clientStream", "reqBodyContentLength"),
    struct("clientStream", "readClosed"),
    struct("ClientConn", "tconn"),
    request("Method"),
    offsets.of(naming.called, "Method"),
    offsets.of(naming.called, "URL"),
    request("Host"),
    request("RequestURI"),
    request("Pattern") ?? request("pat"),
    offsets.of(naming.answer, "StatusCode"),
    offsets.of(naming.answer, "ContentLength"),
    url("Scheme"),
    url("Host"),
    url("Path"),
    url("RawQuery"),
    offsets.of("net.netFD", "laddr"),
    offsets.of("net.netFD", "raddr"),
  ]);
  return { sites, layout, server, client, lost };
}
