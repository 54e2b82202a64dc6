import type { ArrivedEvent, StatusAnswer } from "@go3s/server";
import { computed, signal } from "@preact/signals";
import { param, range } from "./address.js";
import { refreshLive } from "./answers.js";
import { isLive, resolve } from "./range.js";
import { now } from "./time.js";

// The server's own state and "something arrived" come as server-sent events; pages ask again when the range ends now, or
// ended a moment ago.

/** status is the server's newest word about itself; undefined before the first. */
export const status = signal<StatusAnswer | undefined>(undefined);

/** link is the state of the stream. */
export const link = signal<"connecting" | "open" | "lost">("connecting");

/** arrived is the newest arrival. */
export const arrived = signal<ArrivedEvent | undefined>(undefined);

/** live tells whether the page follows new data: the range ends now and the reader did not pause. */
export const live = computed(() => isLive(range.value) && param("live") !== "off");

// What ended so lately may not have all that belongs to it in the tables.
const fillingMs = 30_000;

/** follows tells whether data that comes now may belong to what is shown: also to a range that ended a moment ago, as a link's does. */
const follows = (): boolean =>
  param("live") !== "off" && (isLive(range.value) || now() - resolve(range.value).to < fillingMs);

const retryMs = 3000;
const shared = "go3s-stream";

/** Word is what one tab tells the others. */
type Word =
  | { readonly kind: "link"; readonly link: "open" | "lost" }
  | { readonly kind: "status"; readonly status: StatusAnswer }
  | { readonly kind: "arrived"; readonly arrived: ArrivedEvent };

// An arrival is told when it is safe in the log; queries see it when the engine has it. Until nothing waits any more,
// every status asks again.
let inserting = false;

function hear(word: Word): void {
  if (word.kind === "link") {
    // What happened while the server was away is not announced: ask for all of it.
    if (word.link === "open" && link.peek() === "lost") refreshLive(true);
    link.value = word.link;
    return;
  }
  if (link.peek() === "connecting") link.value = "open";
  if (word.kind === "status") {
    status.value = word.status;
    const waits = (word.status.store.waiting_rows ?? 0) > 0;
    // What arrived before this page was there is not announced to it.
    if (!inserting && !waits) return;
    inserting = waits;
  } else {
    arrived.value = word.arrived;
    inserting = true;
  }
  if (follows() && document.visibilityState === "visible") refreshLive();
}

/**
 * startStream follows the server; called once by main. Browsers open six HTTP/1.1 connections to a server for all tabs
 * together, and a stream holds one for good: so one tab holds the stream and tells the others, and when it goes another
 * takes over. Where locks are missing (plain HTTP on another host) each tab has its own.
 */
export function startStream(): void {
  const channel = new BroadcastChannel(shared);
  channel.addEventListener("message", (event: MessageEvent<Word>) => hear(event.data));
  const tell = (word: Word) => {
    hear(word);
    channel.postMessage(word);
  };
  if (navigator.locks === undefined) follow(tell);
  else void navigator.locks.request(shared, () => new Promise<never>(() => follow(tell)));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && follows()) refreshLive();
  });
}

function follow(tell: (word: Word) => void): void {
  const source = new EventSource("/api/v1/stream");
  source.addEventListener("open", () => tell({ kind: "link", link: "open" }));
  source.addEventListener("status", (event: MessageEvent<string>) =>
    tell({ kind: "status", status: JSON.parse(event.data) }),
  );
  source.addEventListener("arrived", (event: MessageEvent<string>) =>
    tell({ kind: "arrived", arrived: JSON.parse(event.data) }),
  );
  source.addEventListener("error", () => {
    tell({ kind: "link", link: "lost" });
    // The browser reconnects by itself unless the answer was an HTTP error; then the source is closed for good.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => follow(tell), retryMs);
  });
}
