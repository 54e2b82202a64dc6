import type { ProbeOutput, ProbeRun } from "@go3s/server";
import { useEffect, useState } from "preact/hooks";
import { heard, nothing, type Told } from "./told.js";

/** Watched is a run as the page hears it. */
export interface Watched {
  readonly run: ProbeRun | undefined;
  readonly told: Told;
  readonly state: "none" | "open" | "lost" | "gone";
}

const none: Watched = { run: undefined, told: nothing, state: "none" };

/** useRun follows a run while the page shows it: leaving is what ends the run, after a grace. */
export function useRun(id: string): Watched {
  const [watched, setWatched] = useState<Watched>(none);
  useEffect(() => {
    setWatched(none);
    if (id === "") return;
    const source = new EventSource(`/api/v1/probes/runs/${encodeURIComponent(id)}/stream`);
    const on = (name: string, take: (data: string) => void) =>
      source.addEventListener(name, (event: MessageEvent<string>) => take(event.data));
    const state = (data: string): ProbeRun => JSON.parse(data);
    // Everything so far comes after "begin": the browser may have lost the stream and come again.
    on("begin", (data) => setWatched({ run: state(data), told: nothing, state: "open" }));
    on("state", (data) => setWatched((before) => ({ ...before, run: state(data) })));
    on("output", (data) => {
      const items: ProbeOutput[] = JSON.parse(data);
      setWatched((before) => ({ ...before, told: heard(before.told, items) }));
    });
    on("over", (data) => {
      source.close();
      setWatched((before) => ({ ...before, run: state(data), state: "open" }));
    });
    source.addEventListener("error", () => {
      const gone = source.readyState === EventSource.CLOSED;
      setWatched((before) => ({ ...before, state: gone ? "gone" : "lost" }));
    });
    return () => source.close();
  }, [id]);
  return watched;
}
