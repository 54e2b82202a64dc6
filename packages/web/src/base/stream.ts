import type { ArrivedEvent, StatusAnswer } from "@go3s/server";
import { computed, signal } from "@preact/signals";
import { param, range } from "./address.js";
import { refreshLive } from "./answers.js";
import { isLive } from "./range.js";

// The server's own state and "something arrived" come as server-sent events; pages ask again when the range ends now.

/** status is the server's newest word about itself; undefined before the first. */
export const status = signal<StatusAnswer | undefined>(undefined);

/** link is the state of the stream. */
export const link = signal<"connecting" | "open" | "lost">("connecting");

/** arrived is the newest arrival. */
export const arrived = signal<ArrivedEvent | undefined>(undefined);

/** live tells whether the page follows new data: the range ends now and the reader did not pause. */
export const live = computed(() => isLive(range.value) && param("live") !== "off");

const retryMs = 3000;

/** startStream opens the stream and keeps it open; called once by main. */
export function startStream(): void {
  const source = new EventSource("/api/v1/stream");
  let wasLost = false;
  source.addEventListener("open", () => {
    link.value = "open";
    // What happened while the server was away is not announced: ask for all of it.
    if (wasLost) refreshLive(true);
    wasLost = false;
  });
  source.addEventListener("status", (event: MessageEvent<string>) => {
    const next: StatusAnswer = JSON.parse(event.data);
    status.value = next;
  });
  source.addEventListener("arrived", (event: MessageEvent<string>) => {
    const next: ArrivedEvent = JSON.parse(event.data);
    arrived.value = next;
    if (live.value && document.visibilityState === "visible") refreshLive();
  });
  source.addEventListener("error", () => {
    link.value = "lost";
    wasLost = true;
    // The browser reconnects by itself unless the answer was an HTTP error; then the source is closed for good.
    if (source.readyState === EventSource.CLOSED) setTimeout(startStream, retryMs);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && live.value) refreshLive();
  });
}
