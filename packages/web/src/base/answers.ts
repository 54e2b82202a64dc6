import { signal } from "@preact/signals";
import { useEffect, useReducer, useRef } from "preact/hooks";
import { ApiError, get, isAbort } from "./api.js";

// Server state lives here and nowhere else: a small cache keyed by the request's address. What was shown stays until
// the new answer is there; a request nobody waits for any more is given up.

interface Entry {
  readonly url: string;
  data: unknown;
  error: ApiError | undefined;
  controller: AbortController | undefined;
  at: number;
  took: number;
  readonly watchers: Set<() => void>;
  live: number;
}

const entries = new Map<string, Entry>();

/** busy is how many answers of the screen are on their way for the first time; refreshes do not show a bar. */
export const busy = signal(0);
const kept = 40;

function entryOf(url: string): Entry {
  const known = entries.get(url);
  if (known !== undefined) {
    entries.delete(url);
    entries.set(url, known);
    return known;
  }
  const made: Entry = {
    url,
    data: undefined,
    error: undefined,
    controller: undefined,
    at: 0,
    took: 0,
    watchers: new Set(),
    live: 0,
  };
  entries.set(url, made);
  for (const [key, entry] of entries) {
    if (entries.size <= kept) break;
    if (entry.watchers.size === 0) entries.delete(key);
  }
  return made;
}

function tell(entry: Entry): void {
  for (const watcher of entry.watchers) watcher();
}

async function load(entry: Entry): Promise<void> {
  if (entry.controller !== undefined) return;
  const controller = new AbortController();
  entry.controller = controller;
  const started = performance.now();
  const fresh = entry.data === undefined;
  if (fresh) busy.value++;
  tell(entry);
  try {
    entry.data = await get<unknown>(entry.url, controller.signal);
    entry.error = undefined;
  } catch (error) {
    if (isAbort(error)) return;
    entry.error =
      error instanceof ApiError
        ? error
        : new ApiError(0, entry.url, {
            code: "page-bug",
            message: String(error),
            hint: "This is a bug of the page.",
          });
  } finally {
    if (entry.controller === controller) entry.controller = undefined;
    entry.at = performance.now();
    entry.took = entry.at - started;
    if (fresh) busy.value--;
  }
  tell(entry);
}

const pauseMs = 1500;

let trailing: ReturnType<typeof setTimeout> | undefined;

/**
 * refreshLive asks again for every live answer on the screen; one that took long is asked for less often. What was asked
 * a moment ago is asked once more when its pause is over, so that the last arrival is never missed.
 */
export function refreshLive(force = false): void {
  const time = performance.now();
  let wait = Number.POSITIVE_INFINITY;
  for (const entry of entries.values()) {
    if (entry.live === 0) continue;
    const due = entry.at + Math.max(pauseMs, entry.took * 5) - time;
    if (force || (due <= 0 && entry.controller === undefined)) void load(entry);
    else wait = Math.min(wait, Math.max(due, pauseMs / 3));
  }
  if (wait === Number.POSITIVE_INFINITY || trailing !== undefined) return;
  trailing = setTimeout(() => {
    trailing = undefined;
    refreshLive();
  }, wait);
}

/** warm asks for an address before anything on the screen does: while the code that will draw it is still on its way. */
export function warm(url: string): void {
  const entry = entryOf(url);
  if (entry.data === undefined) void load(entry);
}

/** Answer is what a region draws from. `stale` data belongs to an earlier question and is shown dimmed. */
export interface Answer<T> {
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
  readonly loading: boolean;
  readonly stale: boolean;
  readonly retry: () => void;
}

const freshMs = 5000;

/** useAnswer asks for an address (undefined: nothing to ask yet); a live one is asked again when new data arrived. */
export function useAnswer<T>(url: string | undefined, live = false): Answer<T> {
  const [, redraw] = useReducer<number, void>((count) => count + 1, 0);
  const last = useRef<T | undefined>(undefined);
  const entry = url === undefined ? undefined : entryOf(url);
  const drawnAt = entry?.at;

  useEffect(() => {
    if (url === undefined) return;
    const watched = entryOf(url);
    const watcher = () => redraw();
    watched.watchers.add(watcher);
    // An answer that was warmed may have come between drawing and now, when nobody watched.
    if (watched.at !== drawnAt) redraw();
    if (live) watched.live++;
    const old = watched.data === undefined || performance.now() - watched.at > freshMs;
    if (old) void load(watched);
    return () => {
      watched.watchers.delete(watcher);
      if (live) watched.live--;
      if (watched.watchers.size === 0 && watched.controller !== undefined) {
        watched.controller.abort();
        watched.controller = undefined;
      }
    };
  }, [url, live]);

  // The cache holds what the server sent for this address; its type is the caller's to know.
  const own = entry?.data as T | undefined;
  if (own !== undefined) last.current = own;
  return {
    data: own ?? last.current,
    error: entry?.error,
    loading:
      url !== undefined &&
      (entry?.controller !== undefined || (own === undefined && entry?.error === undefined)),
    stale: own === undefined && last.current !== undefined,
    retry: () => {
      if (entry !== undefined) void load(entry);
    },
  };
}
