import { BpfError } from "@go3s/bpf";
import type { MissingPart } from "../attach/observer-types.js";
import { AgentError } from "../errors.js";
import type { TcpEvent } from "../events/event.js";
import { Role } from "../events/layout.js";
import { connectionProbes } from "../probes/compile.js";
import type { PointList } from "../runtime/point-list.js";
import { monotonicNs } from "../spans/clock.js";
import { type ConnectionFigures, listeningPorts, newConnectionFigures } from "./connection-figures.js";
import { type ConnectionRow, type OpenConnections, openConnections } from "./connection-rows.js";
import { addressText } from "./tcp-log.js";

/** ConnectionWatch tells what watched processes' TCP connections do while they live, every ten seconds. */
export interface ConnectionWatch {
  watch(pid: number): void;
  /** closed hears of every connection's end. */
  closed(event: TcpEvent): void;
  /** tick looks at those processes whose turn it is; call it once a second. */
  tick(): void;
  /** tell puts what changed of a process into a list. */
  tell(pid: number, points: PointList): void;
  forget(pid: number): void;
  /** missing says why nothing is told. */
  missing(): readonly MissingPart[];
  close(): void;
}

interface Watched {
  readonly figures: ConnectionFigures;
  readonly sinceNs: number;
  /** turn is the tick of ten in which it is looked at; the first look is the next tick's. */
  readonly turn: number;
  isLooked: boolean;
  /** isRefused: it was said that it could not be looked at. */
  isRefused: boolean;
  /** listening are the ports that it listened on when it was looked at. */
  listening: ReadonlySet<number>;
}

// A round trip's time changes slowly, and looking costs a walk over the process's files.
const everyTicks = 10;

/** ConnectionWatchOptions are what the watch needs from around it. */
export interface ConnectionWatchOptions {
  /** nameOf gives the name that a process found an address by, "" for none. */
  readonly nameOf: (tgid: number, address: string) => string;
  /** lose hears, once for a process, why its connections can't be told of while they live. */
  readonly lose: (pid: number, text: string) => void;
  /** load gives what is asked; the kernel's own by default. */
  readonly load?: (signal: AbortSignal) => Promise<OpenConnections>;
}

const what = "TCP connections' round trips and retransmits while they live";

/** newConnectionWatch watches nothing yet. */
export function newConnectionWatch(options: ConnectionWatchOptions): ConnectionWatch {
  const { nameOf, lose, load = compiled } = options;
  const watched = new Map<number, Watched>();
  const closing = new AbortController();
  let open: OpenConnections | undefined;
  let isOpening = false;
  let refused: MissingPart | undefined;
  let ticks = 0;
  let count = 0;

  const refuse = (error: unknown): void => {
    if (!(error instanceof BpfError || error instanceof AgentError)) throw error;
    refused = {
      what,
      why: error.message,
      hint: error.hint ?? "",
    };
  };
  /** begin loads beside what else is done, for nothing waits for it. */
  const begin = async (): Promise<void> => {
    isOpening = true;
    try {
      open = await load(closing.signal);
    } catch (error) {
      if (!closing.signal.aborted) refuse(error);
    }
  };
  const rowsOf = (pid: number, each: Watched): ConnectionRow[] | undefined => {
    try {
      return open?.of(pid) ?? [];
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      // A process that ended meanwhile has no files; its exit is on the way.
      if (error.code === "not-found") return [];
      // The kernel has what is asked, else it had not been opened: it is this process that can't be looked at now.
      if (!each.isRefused) lose(pid, `${what}: ${error.message}`);
      each.isRefused = true;
      return undefined;
    }
  };
  const look = (due: readonly [pid: number, each: Watched][]): void => {
    const found = due.map(([pid, each]) => {
      const rows = rowsOf(pid, each);
      each.isLooked = true;
      if (rows !== undefined) each.listening = listeningPorts(rows);
      return { each, rows };
    });
    // Only now: Node's cluster has one process that accepts for all others, and these listen on nothing.
    const listening = new Set([...watched.values()].flatMap((each) => [...each.listening]));
    for (const { each, rows } of found) if (rows !== undefined) each.figures.look(rows, listening);
  };

  return {
    watch(pid) {
      const figures = newConnectionFigures((address) => nameOf(pid, address));
      watched.set(pid, {
        figures,
        sinceNs: monotonicNs(),
        turn: count++ % everyTicks,
        isLooked: false,
        isRefused: false,
        listening: new Set(),
      });
    },
    closed(event) {
      const own = watched.get(event.tgid);
      // What nobody has waited for is not worth its addresses.
      if (open === undefined || (own === undefined && event.retransmits === 0)) return;
      const row = {
        bytesSent: event.bytesSent,
        bytesReceived: event.bytesReceived,
        retransmits: event.retransmits,
        rttUs: event.rttUs,
        localAddress: addressText(event, event.localAddress),
        localPort: event.localPort,
        peerAddress: addressText(event, event.peerAddress),
        peerPort: event.peerPort,
      };
      // Another process than the one that listens may have taken it: what was told of it there is not told again.
      const isElsewhere = event.retransmits > 0 && own?.figures.has(row) !== true;
      const taker = isElsewhere ? [...watched.values()].find(({ figures }) => figures.has(row)) : undefined;
      const holder = taker ?? own;
      if (holder === undefined) return;
      const isWhole = holder === own && event.startNs > holder.sinceNs;
      holder.figures.closed({ ...row, isServer: event.role === Role.server, isWhole });
    },
    tick() {
      ticks++;
      if (watched.size === 0 || refused !== undefined) return;
      if (open === undefined) {
        if (!isOpening) void begin();
        return;
      }
      const due = [...watched].filter(([, each]) => !each.isLooked || each.turn === ticks % everyTicks);
      if (due.length > 0) look(due);
    },
    tell: (pid, points) => watched.get(pid)?.figures.tell(points),
    forget: (pid) => void watched.delete(pid),
    missing: () => (refused === undefined ? [] : [refused]),
    close() {
      closing.abort();
      open?.close();
      open = undefined;
    },
  };
}

/** compiled compiles beside this thread before it loads. */
async function compiled(signal: AbortSignal): Promise<OpenConnections> {
  await connectionProbes.ahead(signal);
  return openConnections();
}
