// Routes of net/http's ServeMux (Go >= 1.22, https://pkg.go.dev/net/http#hdr-Patterns) and of other routers, learned from what
// the process matched itself, so that the probes that read them can rest while the paths are known. Of the others' syntax as
// much is understood as is needed to match a path: {id} and {id:[0-9]+} of chi, gorilla and go-restful, whose {rest:*} takes all that
// follows, :id of gin, echo and fiber, *rest.

interface Pattern {
  readonly method: string;
  readonly host: string;
  readonly segments: readonly string[];
  /** rest says that the pattern ends in "/" or "{name...}": it takes any further segments. */
  readonly rest: boolean;
  readonly route: string;
}

/** RouteTable answers with the route of a request whose probe did not run. */
export interface RouteTable {
  /** learn takes what the process itself matched: `pattern` as in Request.Pattern ("GET /users/{id}"). */
  learn(method: string, path: string, pattern: string): void;
  /** find gives the route, undefined when nothing learned matches. */
  find(method: string, host: string, path: string): string | undefined;
  /** isExact says whether this very method and path was matched before. */
  isExact(method: string, path: string): boolean;
}

// A service with ids in its paths would fill the memory: beyond this many, patterns answer alone.
const exactLimit = 4096;
// Methods are the client's words: more than these are noise.
const methodLimit = 32;
// More patterns than any hand-written mux has; a bound against a program that registers them without end.
const patternLimit = 4096;

/** newRouteTable makes an empty table for one process. */
export function newRouteTable(): RouteTable {
  // By method, then path: no text has to be put together to look a request up.
  const exact = new Map<string, Map<string, string>>();
  let size = 0;
  const patterns = new Map<string, Pattern>();
  return {
    learn(method, path, pattern) {
      const route = routeOf(pattern);
      let paths = exact.get(method);
      if (paths === undefined) {
        if (exact.size >= methodLimit) return;
        paths = new Map();
        exact.set(method, paths);
      }
      if (size < exactLimit && !paths.has(path)) size++;
      if (size < exactLimit || paths.has(path)) paths.set(path, route);
      if (!patterns.has(pattern) && patterns.size < patternLimit)
        patterns.set(pattern, parsePattern(pattern));
    },
    find(method, host, path) {
      return exact.get(method)?.get(path) ?? best(patterns.values(), method, host, path)?.route;
    },
    isExact: (method, path) => exact.get(method)?.has(path) === true,
  };
}

/** routeOf is the path part of a pattern, which is what http.route holds: "GET example.com/a/{b}" gives "/a/{b}". */
export function routeOf(pattern: string): string {
  const slash = pattern.indexOf("/");
  const route = slash < 0 ? pattern : pattern.slice(slash);
  return route.includes("\0") ? joined(route) : route;
}

/** joined makes one route of chi's patterns, one for each router that was passed: the next stands for what "*" matched. */
function joined(pieces: string): string {
  let route = pieces.replaceAll("\0", "");
  while (route.includes("/*/")) route = route.replaceAll("/*/", "/");
  return route.replace(/\/{1,3}$/, "") || "/";
}

function parsePattern(pattern: string): Pattern {
  const slash = pattern.indexOf("/");
  const before = pattern.slice(0, Math.max(0, slash));
  const space = before.search(/[ \t]/);
  const route = routeOf(pattern);
  const segments = route.slice(1).split("/");
  const last = segments.at(-1) ?? "";
  const rest = last === "" || /(?:\.\.\.|:\*)\}$/.test(last) || last.startsWith("*");
  if (rest) segments.pop();
  return {
    method: space < 0 ? "" : before.slice(0, space),
    host: before.slice(space + 1).trim(),
    segments,
    rest,
    route,
  };
}

function best(patterns: Iterable<Pattern>, method: string, host: string, path: string): Pattern | undefined {
  const segments = path.slice(1).split("/");
  let found: Pattern | undefined;
  let tied = false;
  for (const pattern of patterns) {
    if (!matches(pattern, method, host, segments)) continue;
    if (found === undefined || moreSpecific(pattern, found)) {
      found = pattern;
      tied = false;
    } else if (pattern.route !== found.route && !moreSpecific(found, pattern)) tied = true;
  }
  // Two that only differ in what their wildcards take: the process knows, nobody else.
  return tied ? undefined : found;
}

function matches(pattern: Pattern, method: string, host: string, segments: readonly string[]): boolean {
  // A pattern for GET takes HEAD too.
  if (pattern.method !== "" && pattern.method !== method && !(pattern.method === "GET" && method === "HEAD"))
    return false;
  if (pattern.host !== "" && pattern.host !== host.replace(/:\d+$/, "")) return false;
  if (pattern.rest ? segments.length <= pattern.segments.length : segments.length !== pattern.segments.length)
    return false;
  return pattern.segments.every((want, i) => {
    const have = segments[i] ?? "";
    if (want === "{$}") return have === "";
    if (isWildcard(want)) return have !== "";
    return want === have || want === unescaped(have);
  });
}

function unescaped(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

const isWildcard = (segment: string): boolean =>
  (segment.startsWith("{") && segment.endsWith("}") && segment !== "{$}") ||
  (segment.startsWith(":") && segment.length > 1);

/** moreSpecific is ServeMux's rule: a host before none, then the first differing segment, then a method before none. */
function moreSpecific(a: Pattern, b: Pattern): boolean {
  if ((a.host !== "") !== (b.host !== "")) return a.host !== "";
  for (let i = 0; i < Math.max(a.segments.length, b.segments.length); i++) {
    const one = weight(a, i);
    const other = weight(b, i);
    if (one !== other) return one > other;
  }
  if (a.rest !== b.rest) return !a.rest;
  return a.method !== "" && (b.method === "" || (b.method === "GET" && a.method === "HEAD"));
}

function weight(pattern: Pattern, i: number): number {
  const segment = pattern.segments[i];
  if (segment === undefined) return 0;
  return isWildcard(segment) ? 1 : 2;
}
