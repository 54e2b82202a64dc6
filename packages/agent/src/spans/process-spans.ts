import type { TargetSampling } from "../attach/target.js";
import type { RouteTable } from "./routes.js";

/** ProcessSpans is what the assembler knows of one observed process. */
export interface ProcessSpans {
  readonly tgid: number;
  readonly serviceName: string;
  /** An encoded OTLP Resource message; another one when what is known of its pod has changed. */
  resource: Uint8Array;
  readonly routes: RouteTable;
  /**
   * handlerEndsTold: the probe on the handler's end is attached, so a response whose bytes are complete still waits
   * for it (route and exact end come with it). The attach policy switches this.
   */
  handlerEndsTold: boolean;
  /** handlerEndsSinceNs: requests that began before this (CLOCK_MONOTONIC) may end without being told. */
  handlerEndsSinceNs: number;
  /** routeless: nobody tells its routes, as of what is no Go program, so that none is waited for. */
  routeless?: boolean;
  /** spans counts the spans made for this process. */
  spans: number;
  /** newPaths counts server requests whose route was not known by their exact path; the attach policy looks at it. */
  newPaths: number;
  /** orphans counts client requests whose server request could not be found. */
  orphans: number;
  /** deep counts outgoing requests and queries whose parent was found more than one goroutine away. */
  deep?: number;
  /** deepFrom is how many goroutines away that begins: 2, and 1 where Go itself does not keep a goroutine's parent (before 1.21). */
  deepFrom?: number;
  /** requests counts server requests, calls outgoing ones. */
  requests: number;
  calls: number;
  /** untold counts server requests that were left out because their clients' are; others stay in the kernel, which counts them. */
  untold?: number;
  /** messages counts those of the requests that are messages from a broker. */
  messages?: number;
  /** sampling is what is decided here for what the probes do not decide: HTTP/2 of programs that are not Go's. */
  sampling?: TargetSampling;
  /** servesStreams: it serves by HTTP/2 or FastCGI what only the agent knows of, which decides for what it asks by HTTP/1, too. */
  servesStreams?: boolean;
  /** errorsTold: requests that are answered with an error are told whatever the share, so each stands for itself alone. */
  errorsTold?: boolean;
}

/** newProcessSpans makes it for a process of which nothing was seen yet. */
export function newProcessSpans(
  process: Pick<ProcessSpans, "tgid" | "serviceName" | "resource" | "routes">,
): ProcessSpans {
  return {
    ...process,
    handlerEndsTold: false,
    handlerEndsSinceNs: 0,
    spans: 0,
    newPaths: 0,
    orphans: 0,
    requests: 0,
    calls: 0,
  };
}
