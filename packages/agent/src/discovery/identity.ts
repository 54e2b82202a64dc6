import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename } from "node:path";
import type { Pod, Pods } from "./pods.js";
import type { ProcessFacts } from "./proc.js";

/** Identity is what an observed process is called: OpenTelemetry resource attributes, service.name among them. */
export interface Identity {
  readonly serviceName: string;
  readonly attributes: ReadonlyMap<string, string | number>;
  /** labels are those of its Kubernetes pod; undefined for what runs in none, and as long as they are not known. */
  readonly labels?: ReadonlyMap<string, string>;
}

/** RuntimeFacts is what the executable says about itself: "go" and "1.26.8", "node", … */
export interface RuntimeFacts {
  readonly name: string;
  readonly version: string;
}

/** identify applies spec/cli.md "What an observed process is called". */
export function identify(facts: ProcessFacts, runtime: RuntimeFacts | undefined, pods?: Pods): Identity {
  const given = parseResourceAttributes(facts.environment.get("OTEL_RESOURCE_ATTRIBUTES") ?? "");
  const named = facts.environment.get("OTEL_SERVICE_NAME") || given.get("service.name");
  const serviceName = named || programName(facts);
  const attributes = new Map<string, string | number>(given);
  attributes.set("service.name", serviceName);
  attributes.set("process.pid", facts.pid);
  attributes.set("process.parent_pid", facts.parent);
  attributes.set("process.executable.name", basename(facts.executable));
  attributes.set("process.executable.path", facts.executable);
  if (runtime !== undefined) {
    attributes.set("process.runtime.name", runtime.name);
    if (runtime.version !== "") attributes.set("process.runtime.version", runtime.version);
  }
  if (!attributes.has("host.name")) attributes.set("host.name", hostname());
  const host = machineId();
  if (host !== "" && !attributes.has("host.id")) attributes.set("host.id", host);
  const container = containerId(facts.cgroup);
  if (container !== undefined) attributes.set("container.id", container);
  const pod = podUid(facts.cgroup);
  if (pod !== undefined) {
    attributes.set("k8s.pod.uid", pod);
    const known = pods?.of(pod);
    if (known !== undefined) addPod(attributes, known, given, container);
    if (known?.labels !== undefined) return { serviceName, attributes, labels: known.labels };
  }
  return { serviceName, attributes };
}

/** addPod: what the process itself was given comes first; the downward API knows better than a folder's name. */
function addPod(
  attributes: Map<string, string | number>,
  pod: Pod,
  given: ReadonlyMap<string, string>,
  container: string | undefined,
): void {
  const told = new Map(pod.attributes);
  told.set("k8s.pod.name", pod.name);
  told.set("k8s.namespace.name", pod.namespace);
  const name = container === undefined ? undefined : pod.containers?.get(container);
  if (name !== undefined) told.set("k8s.container.name", name);
  for (const [key, value] of told) if (!given.has(key)) attributes.set(key, value);
}

/** parseResourceAttributes reads "k=v,k=v" with percent-encoded values; a broken pair is left out, the rest is kept. */
export function parseResourceAttributes(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const pair of text.split(",")) {
    const cut = pair.indexOf("=");
    const key = pair.slice(0, Math.max(0, cut)).trim();
    if (key === "") continue;
    const value = pair.slice(cut + 1).trim();
    try {
      found.set(key, decodeURIComponent(value));
    } catch {
      found.set(key, value);
    }
  }
  return found;
}

// An interpreter's own name says nothing about the service: the script or module does.
const interpreters =
  /^(?:node|nodejs|bun|deno|python[\d.]*|ruby[\d.]*|perl[\d.]*|php[\d.]*|java|dotnet|sh|bash|dash)$/;

// One file with several names: its own says nothing. Debian's redis-server is a link to redis-check-rdb.
const manyNames = /^(?:(?:redis|valkey)-check-(?:rdb|aof)|busybox|toybox)$/;

/** programName is the executable's base name, or for an interpreter the name of what it runs, or of what that calls itself. */
export function programName(facts: Pick<ProcessFacts, "executable" | "command">): string {
  const name = basename(facts.executable);
  if (manyNames.test(name)) return basename(facts.command[0]?.split(/\s/)[0] ?? "") || name;
  if (!interpreters.test(name)) return name;
  const script = titleOf(facts.command) ?? scriptOf(facts.command.slice(1), name);
  return script === undefined
    ? name
    : basename(script).replace(/\.(?:m?js|c?js|m?ts|py|rb|pl|php|jar|dll|sh)$/, "") || name;
}

/**
 * titleOf is the first word of what a program has written over its command line: "puma 5.6.5 (tcp://…) [shop]", "gunicorn: worker".
 * Its arguments are gone then.
 */
function titleOf([title = "", ...rest]: readonly string[]): string | undefined {
  if (!/\s/.test(title) || rest.some((argument) => argument !== "")) return undefined;
  return /^([A-Za-z][\w.-]*):?\s/.exec(title)?.[1];
}

// Flags whose value is the next argument, so that it is not taken for the script.
const withValue = new Set([
  "-r",
  "--require",
  "--import",
  "--loader",
  "-C",
  "--conditions",
  "-W",
  "-X",
  "-cp",
  "-classpath",
  "--class-path",
  "-I",
  "-O",
]);

function scriptOf(args: readonly string[], interpreter: string): string | undefined {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "-m" || arg === "-jar") return args[i + 1];
    if (arg === "-e" || arg === "-c" || arg === "--eval" || arg === "-p") return undefined;
    if (withValue.has(arg)) i++;
    else if (arg === "--") return args[i + 1];
    else if (!arg.startsWith("-")) {
      // A server started as `python app/__main__.py` or `node dist/index.js` is known by its folder.
      const base = basename(arg);
      if (interpreter !== "java" && /^(?:index|main|__main__|server|app)\.[cm]?(?:js|ts|py)$/.test(base))
        return folderName(arg) ?? arg;
      return arg;
    }
  }
  return undefined;
}

const dull = new Set(["", ".", "..", "dist", "src", "lib", "build", "bin", "out"]);

function folderName(path: string): string | undefined {
  const folders = path.split("/").slice(0, -1);
  return folders.reverse().find((name) => !dull.has(name));
}

/** containerId finds the 64-digit id that container runtimes put into the cgroup path. */
export function containerId(cgroup: string): string | undefined {
  return /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:$|\n|\/)/m.exec(cgroup)?.[1];
}

/** podUid finds the pod's uid in a kubelet's cgroup path ("pod" and a UUID, with - or _; 32 digits for a pod out of a file on the node). */
export function podUid(cgroup: string): string | undefined {
  const match =
    /pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32}(?![0-9a-f]))/.exec(
      cgroup,
    );
  return match?.[1]?.replaceAll("_", "-");
}

let machine: string | undefined;

function machineId(): string {
  if (machine !== undefined) return machine;
  try {
    machine = readFileSync("/etc/machine-id", "utf8").trim();
  } catch {
    machine = "";
  }
  return machine;
}
