import type { GoBinary, GoOffsets } from "@go3s/binary";
import { moduleTable, sampledVersions } from "./module-table.generated.js";

const transport = "google.golang.org/grpc/internal/transport";

/** grpcStructs are what the probes of probes/grpc.go3s read, by struct. */
export const grpcStructs = {
  [`${transport}.Stream`]: ["id", "method"],
  [`${transport}.http2Server`]: ["peer", "localAddr", "remoteAddr"],
  [`${transport}.http2Client`]: ["localAddr", "remoteAddr"],
  [`${transport}.CallHdr`]: ["Host", "Method"],
  "google.golang.org/grpc/peer.Peer": ["Addr", "LocalAddr"],
  "google.golang.org/grpc.clientStream": ["callHdr"],
  "google.golang.org/grpc.csAttempt": ["cs", "t", "s", "transport", "transportStream"],
  "google.golang.org/grpc/internal/status.Error": ["e", "s"],
} as const;

/** statusStructs are of the module that has gRPC's statuses. */
export const statusStructs = {
  "google.golang.org/genproto/googleapis/rpc/status.Status": ["Code", "Message"],
} as const;

const http2Fields = {
  serverConn: ["conn", "tlsState"],
  responseWriter: ["rws"],
  responseWriterState: ["stream", "req", "status", "wroteBytes"],
  stream: ["id", "bodyBytes", "declBodyBytes", "closeErr", "ctx"],
  clientStream: ["cc", "ID", "res", "reqBodyContentLength", "readClosed"],
  ClientConn: ["tconn"],
} as const;

const renamed = (prefix: string): Record<string, readonly string[]> =>
  Object.fromEntries(Object.entries(http2Fields).map(([name, fields]) => [`${prefix}${name}`, fields]));

/** ownHTTP2 is where Go has had its own HTTP/2 since 1.27, apart from net/http and its structs. */
export const ownHTTP2 = "net/http/internal/http2.";

/** standardStructs are of Go's own packages; net/http had a copy of golang.org/x/net/http2 with other names until Go 1.26. */
export const standardStructs: Readonly<Record<string, readonly string[]>> = {
  ...renamed("net/http.http2"),
  ...renamed(ownHTTP2),
  [`${ownHTTP2}ServerRequest`]: ["Method", "Host", "RequestURI"],
  [`${ownHTTP2}ClientRequest`]: ["Method", "URL"],
  [`${ownHTTP2}ClientResponse`]: ["StatusCode", "ContentLength"],
  "net/http.Request": ["Method", "URL", "Host", "RequestURI", "Pattern", "pat"],
  "net/http.Response": ["StatusCode", "ContentLength"],
  "context.cancelCtx": ["err"],
  "net/url.URL": ["Scheme", "Host", "Path", "RawQuery"],
  "net.netFD": ["pfd", "laddr", "raddr"],
};

/** netStructs are of golang.org/x/net. */
export const netStructs: Readonly<Record<string, readonly string[]>> = renamed("golang.org/x/net/http2.");

/** streamStructs are all of them. */
export const streamStructs: Readonly<Record<string, readonly string[]>> = {
  ...grpcStructs,
  ...statusStructs,
  ...standardStructs,
  ...netStructs,
};

/** tabled says by which module's version the table has a struct; "std" is Go's own. */
export const tabled = {
  "google.golang.org/grpc": grpcStructs,
  "google.golang.org/genproto": statusStructs,
  std: standardStructs,
  "golang.org/x/net": netStructs,
} as const;

/** StreamOffsets answers where members lie, undefined where nobody knows. */
export interface StreamOffsets {
  of(struct: string, field: string): number | undefined;
  /** version gives the rank of a module's version (versionRank), undefined when the binary does not say. */
  version(module: string): number | undefined;
}

/**
 * versionRank makes a version comparable: a release's minor and patch number, a pseudo-version's date; Go's own by its minor
 * release. Undefined for "(devel)" and the like. All modules of the table are of major version 0 or 1.
 */
export function versionRank(version: string): number | undefined {
  const found = /^v?[01]\.(\d+)\.(\d+)(?:-(?:[\w.]*\.)?(\d{8})\d{6}-\w+)?/.exec(version);
  if (found === null) return undefined;
  const [, minor, patch, date] = found;
  // Before any release: as a negative number.
  if (minor === "0" && patch === "0" && date !== undefined) return Number(date) - 100_000_000;
  return Number(minor) * 1000 + Number(patch);
}

/** streamOffsets answers by the binary's debug information, else by the table for the versions that it was built with. */
export function streamOffsets(binary: GoBinary, offsets: GoOffsets): StreamOffsets {
  const versions = new Map<string, number | undefined>();
  const version = (module: string): number | undefined => {
    if (!versions.has(module)) versions.set(module, rankOf(binary, module));
    return versions.get(module);
  };
  return {
    version,
    of(struct, field) {
      const known = offsets.of(struct, field);
      if (known !== undefined || offsets.source === "dwarf") return known;
      for (const [module, structs] of Object.entries(tabled)) {
        if (struct in structs) return fromTable(module, version(module), struct, field);
      }
      return undefined;
    },
  };
}

function rankOf(binary: GoBinary, module: string): number | undefined {
  if (module === "std") return binary.version === undefined ? undefined : binary.version.minor * 1000;
  const named = binary.build?.dependencies.find(
    ({ path }) =>
      path === module || (module.endsWith("/genproto") && path.startsWith(`${module}/googleapis/rpc`)),
  );
  return named === undefined ? undefined : versionRank((named.replacedBy ?? named).version);
}

function fromTable(
  module: string,
  rank: number | undefined,
  struct: string,
  field: string,
): number | undefined {
  if (rank === undefined) return undefined;
  const samples = sampledVersions[module] ?? [];
  const below = samples.findLast((sample) => sample <= rank);
  if (below === undefined) return undefined;
  const at = (sample: number): number | undefined => {
    const row = (moduleTable[module]?.[struct]?.[field] ?? []).findLast(([since]) => since <= sample);
    return row?.[1] ?? undefined;
  };
  const found = at(below);
  const above = samples.find((sample) => sample > rank);
  // Between two versions that differ nobody knows, except that patches of a release do not move members.
  const isSame = rank === below || (rank > 0 && Math.trunc(rank / 1000) === Math.trunc(below / 1000));
  return isSame || above === undefined || at(above) === found ? found : undefined;
}
