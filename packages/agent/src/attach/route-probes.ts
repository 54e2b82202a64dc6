import type { Link, Program } from "@go3s/bpf";
import type { RouteSite } from "../go/route-sites.js";
import { attachSites } from "./attach-sites.js";

/** RouteProbes owns the uprobes on one process's routers. */
export interface RouteProbes {
  readonly count: number;
  /** lost says what could not be attached, and why. */
  readonly lost: readonly string[];
  /** set attaches or detaches all of them. */
  set(wanted: boolean): void;
  close(): void;
}

/** newRouteProbes owns nothing yet; set() attaches. `program` gives the program, loaded when it is first needed. */
export function newRouteProbes(
  pid: number,
  sites: readonly RouteSite[],
  program: () => Program | undefined,
  file?: string,
): RouteProbes {
  let link: Link | undefined;
  let lost: readonly string[] = [];

  const attach = (): void => {
    const loaded = program();
    if (loaded === undefined) {
      lost = ["http.route by routers: the kernel has no uprobe_multi links (6.6)"];
      return;
    }
    const made = attachSites(loaded, { pid, file }, sites);
    if (typeof made !== "string") {
      link = made;
      lost = [];
    } else if (made !== "") lost = [`http.route by routers: ${made}`];
  };
  const close = (): void => {
    link?.close();
    link = undefined;
  };

  return {
    get count() {
      return link === undefined ? 0 : sites.length;
    },
    get lost() {
      return lost;
    },
    set(wanted) {
      if (!wanted) close();
      else if (link === undefined && sites.length > 0) attach();
    },
    close,
  };
}
