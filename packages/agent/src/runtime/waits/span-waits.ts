import {
  AttachType,
  attachUprobeMulti,
  BpfError,
  type BpfMap,
  isStaleProcess,
  type Link,
  type LoadedObject,
  loadObject,
  RingBufferReader,
  readObject,
  u32Bytes,
  withFile,
} from "@go3s/bpf";
import { type AttributeKey, attributeKey, type SpanWriter } from "@go3s/telemetry";
import type { Executable } from "../../discovery/executable.js";
import { keptPrograms, newKept } from "../../discovery/kept.js";
import { AgentError } from "../../errors.js";
import { Role } from "../../events/layout.js";
import { waitProbes } from "../../probes/compile.js";
import type { Exchange } from "../../spans/exchange.js";
import { programValue, spentClasses, waitsRecord } from "./record.js";
import { readWaitSites, type WaitSites } from "./wait-sites.js";

/** SpanWaits says on spans what their goroutines did and waited for. It owns its probes. */
export interface SpanWaits {
  /** watch attaches to a Go process; a text says why it does not, "" when it does. */
  watch(pid: number, executable: Pick<Executable, "isGo" | "key">): string;
  unwatch(pid: number): void;
  /** write appends what is known of an exchange's goroutine to its open span. False for processes that are not watched. */
  write(exchange: Exchange, writer: SpanWriter): boolean;
  /** tick keeps the budget; call it once a second. */
  tick(): void;
  close(): void;
}

/** SpanWaitsOptions are the choices of openSpanWaits. */
export interface SpanWaitsOptions {
  /** budget is how many changes of status a second one process may cost; 40,000 when absent, which is 5 % of a CPU here. */
  readonly budget?: number;
  /** onBudget hears when a process is too busy to be looked at, and for how many seconds it is left alone. */
  readonly onBudget?: (pid: number, hits: number, seconds: number) => void;
}

interface Kept {
  readonly beganNs: number;
  readonly longestNs: number;
  readonly longestReason: number;
  readonly count: number;
  /** delayed is what a running goroutine's thread was kept waiting for a CPU. */
  readonly delayed: number;
  readonly spent: readonly number[];
}

interface Watched {
  /** identity is the program file's. */
  readonly identity: string;
  readonly sites: WaitSites;
  readonly links: Link[];
  /** requests are those that were told and not written yet, by goroutine. */
  readonly requests: Map<number, Kept[]>;
  hits: number;
  /** pause is how long it is left alone when it is too busy, restSeconds how long it still is. */
  pause: number;
  restSeconds: number;
}

const key = {
  cpu: attributeKey("go3s.goroutine.cpu_ns"),
  count: attributeKey("go3s.goroutine.waits"),
  longest: attributeKey("go3s.goroutine.longest_wait"),
  longestNs: attributeKey("go3s.goroutine.longest_wait_ns"),
} as const;
const spentKeys: readonly AttributeKey[] = spentClasses.map((name) =>
  attributeKey(`go3s.goroutine.${name}_ns`),
);
const standardBudget = 40_000;
const firstPause = 10;
const longestPause = 300;
// Requests whose spans never come: of connections that were hijacked, or that another agent's rules left out.
const keptLimit = 64;

/** openSpanWaits loads the probes. Throws BpfError where the kernel takes no uprobe_multi programs (6.6). */
export function openSpanWaits(options: SpanWaitsOptions = {}): SpanWaits {
  const object = loadWaits();
  const programs = object.map("programs");
  const watched = new Map<number, Watched>();
  const known = newKept<WaitSites | string>(keptPrograms);
  const reader = new RingBufferReader(object.map("events"), (memory, offset) => keep(memory.view, offset));
  let lastTick = performance.now();
  const budget = options.budget ?? standardBudget;

  const keep = (view: DataView, at: number): void => {
    const process = watched.get(view.getUint32(at + waitsRecord.tgid, true));
    if (process === undefined) return;
    const word = (offset: number): number => Number(view.getBigUint64(at + offset, true));
    const goid = word(waitsRecord.goid);
    let requests = process.requests.get(goid);
    if (requests === undefined) {
      requests = [];
      process.requests.set(goid, requests);
    }
    if (requests.length >= keptLimit) requests.shift();
    requests.push({
      beganNs: word(waitsRecord.beganNs),
      longestNs: word(waitsRecord.longestNs),
      longestReason: view.getUint8(at + waitsRecord.longestReason),
      count: word(waitsRecord.count),
      delayed: word(waitsRecord.delayed),
      spent: spentClasses.map((_, i) => word(waitsRecord.spent + i * 8)),
    });
  };

  /** attach puts the probes in; the one on the handler's beginning is last, so that no request is seen in part. */
  const attach = (pid: number, { sites, links, identity }: Watched): string => {
    const value = sites.value.slice();
    new DataView(value.buffer).setBigUint64(programValue.sinceNs, process.hrtime.bigint(), true);
    try {
      programs.update(u32Bytes(pid), value);
      for (const [name, offset] of sites.sites)
        links.push(
          attachUprobeMulti(object.program(name), {
            path: `/proc/${pid}/exe`,
            identity,
            offsets: [offset],
            pid,
          }),
        );
      return "";
    } catch (error) {
      detach(pid, links);
      if (!(error instanceof BpfError)) throw error;
      return error.message;
    }
  };

  const detach = (pid: number, links: Link[]): void => {
    programs.delete(u32Bytes(pid));
    for (const link of links.splice(0).reverse()) link.close();
  };

  const find = (process: Watched, exchange: Exchange): Kept | undefined => {
    const requests = process.requests.get(exchange.goid);
    if (requests === undefined) return undefined;
    // Those before belong to requests whose spans were written without them.
    while (requests.length > 0 && (requests[0]?.beganNs ?? 0) < exchange.startNs) requests.shift();
    const first = requests[0];
    if (first === undefined || first.beganNs > Math.max(exchange.endNs, exchange.startNs)) return undefined;
    requests.shift();
    return first;
  };

  return {
    watch(pid, executable) {
      if (!executable.isGo || watched.has(pid)) return "";
      let sites = known.get(executable.key);
      if (sites === undefined) {
        try {
          sites = withFile(`/proc/${pid}/exe`, executable.key, readWaitSites);
        } catch (error) {
          if (isStaleProcess(error)) return "";
          throw error;
        }
        known.set(executable.key, sites);
      }
      if (typeof sites === "string") return sites;
      const made: Watched = {
        sites,
        identity: executable.key,
        links: [],
        requests: new Map(),
        hits: 0,
        pause: firstPause,
        restSeconds: 0,
      };
      const problem = attach(pid, made);
      if (problem === "") watched.set(pid, made);
      return problem;
    },
    unwatch(pid) {
      const found = watched.get(pid);
      if (found === undefined) return;
      watched.delete(pid);
      detach(pid, found.links);
    },
    write(exchange, writer) {
      const process = watched.get(exchange.tgid);
      if (process === undefined || exchange.role !== Role.server) return false;
      let kept = find(process, exchange);
      if (kept === undefined && reader.drain() > 0) kept = find(process, exchange);
      if (kept === undefined) return true;
      spentKeys.forEach((each, i) => {
        const spent = kept.spent[i] ?? 0;
        if (spent > 0 || i === 0) writer.intAttribute(each, spent);
      });
      writer.intAttribute(key.cpu, Math.max(0, (kept.spent[0] ?? 0) - kept.delayed));
      writer.intAttribute(key.count, kept.count);
      if (kept.longestNs > 0) {
        writer.stringAttribute(key.longest, process.sites.reasons[kept.longestReason] ?? "unknown");
        writer.intAttribute(key.longestNs, kept.longestNs);
      }
      return true;
    },
    tick() {
      reader.drain();
      // A busy machine may let us wait for longer than a second.
      const seconds = Math.max(1, (performance.now() - lastTick) / 1000);
      lastTick = performance.now();
      for (const [pid, each] of watched) {
        if (each.restSeconds > 0) {
          each.restSeconds--;
          if (each.restSeconds === 0) {
            each.hits = 0;
            attach(pid, each);
          }
          continue;
        }
        const hits = hitsOf(programs, pid);
        const rate = Math.round((hits - each.hits) / seconds);
        each.hits = hits;
        if (rate <= budget) continue;
        detach(pid, each.links);
        each.requests.clear();
        each.restSeconds = each.pause;
        options.onBudget?.(pid, rate, each.pause);
        each.pause = Math.min(longestPause, each.pause * 2);
      }
    },
    close() {
      for (const [pid, { links }] of watched) detach(pid, links);
      watched.clear();
      reader.close();
      object.close();
    },
  };
}

/** OpenedWaits is a SpanWaits, or why there is none. */
export interface OpenedWaits {
  readonly waits: SpanWaits | undefined;
  readonly missing: readonly { readonly what: string; readonly why: string; readonly hint: string }[];
}

/** tryOpenSpanWaits opens; a kernel that refuses costs these attributes alone. `tell` hears what a process costs too much for. */
export function tryOpenSpanWaits(tell: (pid: number, text: string) => void): OpenedWaits {
  try {
    const waits = openSpanWaits({
      onBudget: (pid, hits, seconds) =>
        tell(
          pid,
          `what goroutines waited for, for ${seconds} s: ${hits} changes a second are beyond the budget`,
        ),
    });
    return { waits, missing: [] };
  } catch (error) {
    // A kernel whose tasks do not tell how long they waited for a CPU does not compile the probes.
    if (!(error instanceof BpfError || error instanceof AgentError)) throw error;
    const what = "what the goroutines of spans waited for";
    return {
      waits: undefined,
      missing: [{ what, why: error.message, hint: error.hint ?? "it needs Linux 6.6" }],
    };
  }
}

function hitsOf(programs: BpfMap, pid: number): number {
  const value = programs.lookup(u32Bytes(pid));
  if (value === undefined) return 0;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return Number(view.getBigUint64(programValue.hits, true));
}

function loadWaits(): LoadedObject {
  const spec = readObject(waitProbes.object());
  const attachType = AttachType.BPF_TRACE_UPROBE_MULTI;
  return loadObject({
    ...spec,
    programs: new Map([...spec.programs].map(([name, program]) => [name, { ...program, attachType }])),
  });
}
