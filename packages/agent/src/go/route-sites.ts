import { BinaryError, type GoBinary, type GoOffsets } from "@go3s/binary";
import { behindCall, type CallSite, callInside, jumpBehindCall } from "./call-site.js";

/** RouteSite is a place in a program where the route that a request matched can be read, by probes/routes.go3s. */
export type RouteSite = Pick<CallSite, "fileOffset" | "cookie">;

/** RouteSites are the places in a program, and what cannot be told. */
export interface RouteSites {
  readonly sites: readonly RouteSite[];
  /** hasMux says that the patterns of net/http's own mux are told here, where a request does not keep them. */
  readonly hasMux: boolean;
  readonly lost: readonly string[];
}

type Field = readonly [struct: string, field: string];

interface Row {
  /** module is whose version says where things are when the program has no debug information. */
  readonly module: string;
  /** Where: a function's entry, or the call of another in it, both with the module's path in front unless they have one. */
  readonly in: string;
  readonly calling?: string;
  /** shows is a function that a program has when it uses the router; `in` when absent. */
  readonly shows?: string;
  /** word is the argument register, 0 to 8, that points to the struct; the fields' offsets add up. */
  readonly word?: number;
  /** captured is where a closure has that pointer, in bytes. */
  readonly captured?: number;
  readonly at: readonly Field[];
  /** behind: there is a pointer to a struct, and the string in its field. */
  readonly behind?: Field;
  /** pieces: there is a slice of strings. */
  readonly pieces?: true;
  /** known are both offsets by module version, newest first; the first that is not newer holds. */
  readonly known: readonly (readonly [since: string, at: number, behind?: number])[];
}

const put = "sync.(*Pool).Put";

/** gorilla is what gorilla/mux and its forks have in common. */
const gorilla = {
  in: "(*Router).ServeHTTP",
  word: 1,
  at: [
    ["Route", "routeConf"],
    ["routeConf", "regexp"],
    ["routeRegexpGroup", "path"],
  ],
  behind: ["routeRegexp", "template"],
} as const satisfies Partial<Row>;

/** restful is what go-restful's versions have in common: Path is the service's and the route's own, as one. */
const restful = {
  in: "(*Route).wrapRequestResponse",
  word: 0,
  at: [["Route", "Path"]],
} as const satisfies Partial<Row>;

/**
 * routers have their places where the request is over for the router, on the goroutine that serves it: most give the
 * context that has the route back to a pool, by a call that is emulated. Offsets were read from the sources of the
 * modules' versions named; a program with debug information tells its own.
 */
const routers: readonly Row[] = [
  {
    module: "github.com/go-chi/chi/v5",
    in: "(*Mux).ServeHTTP",
    calling: put,
    word: 2,
    at: [["Context", "RoutePatterns"]],
    pieces: true,
    known: [["v5.0.0", 176]],
  },
  {
    module: "github.com/go-chi/chi",
    in: "(*Mux).ServeHTTP",
    calling: put,
    word: 2,
    at: [["Context", "RoutePatterns"]],
    pieces: true,
    known: [],
  },
  {
    module: "github.com/gorilla/mux",
    ...gorilla,
    calling: "requestWithRoute",
    known: [["v1.8.0", 80, 0]],
  },
  {
    // A fork of the one above, which MinIO has.
    module: "github.com/minio/mux",
    ...gorilla,
    calling: "requestWithRouteAndVars",
    known: [["v1.9.0", 112, 0]],
  },
  {
    module: "github.com/gin-gonic/gin",
    in: "(*Engine).ServeHTTP",
    calling: put,
    word: 2,
    at: [["Context", "fullPath"]],
    known: [["v1.5.0", 112]],
  },
  {
    module: "github.com/labstack/echo/v4",
    in: "(*Echo).ServeHTTP",
    calling: put,
    word: 2,
    at: [["context", "path"]],
    known: [
      ["v4.13.0", 88],
      ["v4.12.0", 80],
      ["v4.6.0", 16],
    ],
  },
  {
    module: "github.com/labstack/echo/v5",
    in: "(*Echo).serveHTTP.deferwrap1",
    shows: "(*Echo).serveHTTP",
    calling: put,
    word: 2,
    at: [["Context", "route"]],
    behind: ["RouteInfo", "Path"],
    known: [["v5.3.0", 48, 32]],
  },
  {
    module: "github.com/gofiber/fiber/v2",
    // defer app.ReleaseCtx(c), which is inlined: behind the closure's code it has app and c.
    in: "(*App).handler.deferwrap1",
    shows: "(*App).handler",
    captured: 16,
    at: [["Ctx", "route"]],
    behind: ["Route", "Path"],
    known: [["v2.40.0", 8, 128]],
  },
  {
    module: "github.com/gofiber/fiber/v3",
    in: "(*App).ReleaseCtx",
    word: 2,
    at: [["DefaultCtx", "route"]],
    behind: ["Route", "Path"],
    known: [["v3.0.0", 40, 56]],
  },
  {
    module: "github.com/emicklei/go-restful/v3",
    ...restful,
    known: [
      ["v3.6.0", 72],
      ["v3.0.0", 64],
    ],
  },
  {
    // What Kubernetes had before 1.24.
    module: "github.com/emicklei/go-restful",
    ...restful,
    known: [["v2.9.5", 64]],
  },
];

const nowhere = 15;
const mode = { here: 0, behind: 1, pieces: 2, returned: 3, outermost: 4 } as const;

/** routeStructs are what routeSites needs to know of the modules' structs. */
export const routeStructs: Readonly<Record<string, readonly string[]>> = structsOf(routers);

function structsOf(rows: readonly Row[]): Record<string, string[]> {
  const structs: Record<string, string[]> = {};
  for (const { module, at, behind } of rows) {
    for (const [struct, field] of behind === undefined ? at : [...at, behind]) {
      structs[`${module}.${struct}`] ??= [];
      structs[`${module}.${struct}`]?.push(field);
    }
  }
  return structs;
}

/** routeSites finds the places in a program that uses a router. `goid` is the offset of runtime.g.goid where arguments can be read. */
export function routeSites(binary: GoBinary, offsets: GoOffsets, goid: number | undefined): RouteSites {
  const sites: RouteSite[] = [];
  const lost: string[] = [];
  for (const row of routers) {
    const version = versionOf(binary, row.module);
    if (version === undefined || binary.functions.find(`${row.module}.${row.shows ?? row.in}`) === undefined)
      continue;
    const lose = (why: string): void => void lost.push(`http.route by ${row.module} ${version}: ${why}`);
    if (goid === undefined) {
      lose("its goroutines and arguments cannot be read in this Go");
      continue;
    }
    const found = offsetsOf(row, offsets, version);
    if (found === undefined) {
      lose("unknown struct offsets");
      continue;
    }
    try {
      const fileOffset = place(binary, row);
      if (fileOffset === undefined) lose(`${row.in} is not as it was in the versions that are known`);
      else sites.push({ fileOffset, cookie: routeCookie(row, found, goid) });
    } catch (error) {
      if (!(error instanceof BinaryError)) throw error;
      lose(error.message);
    }
  }
  const mux = goid === undefined ? undefined : muxSite(binary, goid);
  if (mux === undefined && goid !== undefined) {
    const copied = copyingMuxSite(binary, goid);
    return { sites: copied === undefined ? sites : [copied, ...sites], hasMux: false, lost };
  }
  return { sites: mux === undefined ? sites : [mux, ...sites], hasMux: mux !== undefined, lost };
}

/**
 * muxSite is where net/http's mux has just found a handler with its pattern, for programs that keep the pattern nowhere else: built before Go
 * 1.22, or with the mux of then (GODEBUG httpmuxgo121=1, which a go.mod with an older version sets).
 */
function muxSite(binary: GoBinary, goid: number): RouteSite | undefined {
  const isOld = binary.version !== undefined && binary.version.major === 1 && binary.version.minor < 22;
  const asOld = /\bhttpmuxgo121=1\b/.test(binary.build?.settings.get("DefaultGODEBUG") ?? "");
  if (!isOld && !asOld) return undefined;
  const finder = isOld ? "net/http.(*ServeMux).Handler" : "net/http.(*serveMux121).findHandler";
  try {
    const fileOffset = behindCall(binary, "net/http.(*ServeMux).ServeHTTP", finder);
    if (fileOffset === undefined) return undefined;
    // (h Handler, pattern string): an interface takes two words.
    const low = (2 << 8) | (mode.returned << 16);
    return { fileOffset, cookie: BigInt(low) | (BigInt(goid) << 20n) };
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    return undefined;
  }
}

/**
 * copyingMuxSite is where net/http's mux (Go 1.22) knows the pattern, for programs that may have copied the request before: what stands
 * around a mux and calls WithContext, as otelhttp does, leaves the pattern in a request that nobody else has. It costs each request a
 * microsecond, so that programs without that function do without: all large ones have it, of small ones those whose calls were not inlined.
 * From Go 1.27 on HTTP/2 has requests of its own, without a pattern: those that serve TLS, h2c of
 * golang.org/x/net, or HTTP/2 in plain text, whose setter is mostly inlined, need it for that.
 */
function copyingMuxSite(binary: GoBinary, goid: number): RouteSite | undefined {
  const has = (name: string): boolean => binary.functions.find(name) !== undefined;
  const serving = ["net/http.(*Server).ServeTLS", "golang.org/x/net/http2/h2c.h2cHandler.ServeHTTP"];
  const isServed =
    serving.some(has) || binary.functions.mentions("net/http.(*Protocols).SetUnencryptedHTTP2");
  const hasOwn = has("net/http.http2Handler.ServeHTTP") && isServed;
  if (!hasOwn && !has("net/http.(*Request).WithContext")) return undefined;
  try {
    const caller = "net/http.(*ServeMux).ServeHTTP";
    const fileOffset = jumpBehindCall(binary, caller, "net/http.(*ServeMux).findHandler");
    if (fileOffset === undefined) return undefined;
    const low = (2 << 8) | (mode.outermost << 16);
    return { fileOffset, cookie: BigInt(low) | (BigInt(goid) << 20n) };
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    return undefined;
  }
}

const entryOf = ({ module, in: name }: Row): string => `${module}.${name}`;

function place(binary: GoBinary, row: Row): number | undefined {
  const entry = entryOf(row);
  if (row.calling !== undefined)
    return callInside(binary, entry, row.calling === put ? put : `${row.module}.${row.calling}`);
  const found = binary.functions.find(entry);
  return found === undefined ? undefined : binary.probeAddress(found).fileOffset;
}

/** versionOf is the version of a module that the program was built with; "" when it is not known, undefined without the module. */
function versionOf(binary: GoBinary, module: string): string | undefined {
  if (binary.build === undefined) return "";
  const found = binary.build.dependencies.find(({ path }) => path === module);
  if (found?.replacedBy === undefined) return found?.version;
  // A fork under the same name has its own structs: only its debug information says where things are.
  return found.replacedBy.path === module ? found.replacedBy.version : "";
}

type Offsets = readonly [at: number, behind: number];

function offsetsOf(row: Row, offsets: GoOffsets, version: string): Offsets | undefined {
  const of = ([struct, field]: Field): number | undefined => offsets.of(`${row.module}.${struct}`, field);
  const parts = row.at.map(of);
  const behind = row.behind === undefined ? 0 : of(row.behind);
  if (behind !== undefined && parts.every((part) => part !== undefined))
    return [parts.reduce((sum, part) => sum + part, 0), behind];
  const known = row.known.find(([since]) => isSince(version, since));
  return known === undefined ? undefined : [known[1], known[2] ?? 0];
}

/** isSince compares "v4.13.0" with "v4.12.0", number by number; what is behind a "-" or "+" does not count. */
function isSince(version: string, since: string): boolean {
  const numbers = (text: string): number[] => text.slice(1).split(/[-+]/)[0]?.split(".").map(Number) ?? [];
  const [have, want] = [numbers(version), numbers(since)];
  for (let i = 0; i < 3; i++) {
    const difference = (have[i] ?? Number.NaN) - (want[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** routeCookie tells the program what a row says: word, mode, the offset of goid and both of the route's, as in callCookie. */
function routeCookie(row: Row, [at, behind]: Offsets, goid: number): bigint {
  const how = row.pieces === true ? mode.pieces : row.behind === undefined ? mode.here : mode.behind;
  const low = (row.captured ?? 0) | ((row.word ?? nowhere) << 8) | (how << 16);
  return BigInt(low) | (BigInt(goid) << 20n) | (BigInt(at) << 32n) | (BigInt(behind) << 48n);
}
