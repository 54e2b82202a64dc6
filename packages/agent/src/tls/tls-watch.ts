import type { GoTls } from "./go-tls.js";
import { newTlsLibraries, type TlsLibraries } from "./libraries.js";
import type { TlsProgram, TlsSite, TlsSites } from "./tls-site.js";

/** TlsAttached says what is attached for one process. */
export interface TlsAttached {
  readonly count: number;
  readonly lost: readonly string[];
}

/** TlsWatch keeps the probes of processes that speak TLS where they belong. */
export interface TlsWatch {
  /** watch attaches to what a process has by now; `go` is what is known of its Go program. */
  watch(pid: number, go: GoTls | undefined): TlsAttached;
  /** programs says which programs watch() will need for a process. */
  programs(pid: number, go: GoTls | undefined): readonly TlsProgram[];
  /** seen tells that a process speaks TLS where nobody is attached: it may have loaded its library meanwhile. */
  seen(pid: number): void;
  unwatch(pid: number): void;
}

/** TlsWatchOptions are what a TlsWatch needs from around it. */
export interface TlsWatchOptions {
  /** attach puts the probes of a process in place of those that it had. */
  readonly attach: (pid: number, sites: TlsSites) => TlsAttached;
  /** onLost hears, once for a process, that what it says by TLS stays unknown. */
  readonly onLost?: (pid: number, lost: readonly string[]) => void;
  readonly libraries?: TlsLibraries;
}

interface Watched {
  readonly go: GoTls | undefined;
  /** key tells the places that were probed. */
  key: string;
  asked: number;
  told: boolean;
}

// A process that opens connections by a library that nobody knows is looked at this often.
const askEveryMs = 1000;

// Taking probes out of a process that ended waits for the kernel: on a machine where programs come and go all the time
// they are put in once a program is seen to speak TLS.
const mostAtOnce = 64;
const perSecond = 4;

const keyOf = (sites: readonly TlsSite[]): string =>
  sites.map(({ path, fileOffset, program }) => `${program} ${path} ${fileOffset}`).join("\n");

/** newTlsWatch watches nobody yet. */
export function newTlsWatch(options: TlsWatchOptions): TlsWatch {
  const libraries = options.libraries ?? newTlsLibraries();
  const watched = new Map<number, Watched>();
  let left = mostAtOnce;
  let leftAt = performance.now();

  /** mayAttach counts attachments that nobody knows to be of use. */
  const mayAttach = (): boolean => {
    const now = performance.now();
    left = Math.min(mostAtOnce, left + ((now - leftAt) / 1000) * perSecond);
    leftAt = now;
    if (left < 1) return false;
    left--;
    return true;
  };

  const sitesOf = (pid: number, go: GoTls | undefined): TlsSites => {
    const found = libraries.of(pid);
    const own = (go?.sites ?? []).map((site) => ({ ...site, path: `/proc/${pid}/exe`, identity: go?.file }));
    return {
      sites: [...own, ...found.sites],
      ...(go?.writes === undefined ? {} : { writes: go.writes }),
      lost: [...(go?.lost ?? []), ...found.lost],
    };
  };

  return {
    watch(pid, go) {
      const found = sitesOf(pid, go);
      const isNow = found.sites.length > 0 && ((go?.sites.length ?? 0) > 0 || mayAttach());
      watched.set(pid, {
        go,
        key: isNow ? keyOf(found.sites) : "",
        asked: Number.NEGATIVE_INFINITY,
        told: false,
      });
      return isNow ? options.attach(pid, found) : { count: 0, lost: found.lost };
    },
    programs: (pid, go) => [...new Set(sitesOf(pid, go).sites.map(({ program }) => program))],
    seen(pid) {
      const process = watched.get(pid);
      const now = performance.now();
      if (process === undefined || now - process.asked < askEveryMs) return;
      process.asked = now;
      const found = sitesOf(pid, process.go);
      const key = keyOf(found.sites);
      if (key !== process.key) {
        process.key = key;
        const { lost } = options.attach(pid, found);
        if (lost.length > 0) options.onLost?.(pid, lost);
      } else if (found.sites.length === 0 && !process.told) {
        process.told = true;
        const why = "it is encrypted by no library that is known here, or by one without symbols";
        options.onLost?.(pid, [`what is said by TLS: ${why}`]);
      }
    },
    unwatch: (pid) => void watched.delete(pid),
  };
}
