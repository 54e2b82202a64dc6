import type { StatusAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { useAnswer } from "../../base/answers.js";
import { apiUrl } from "../../base/api.js";
import { status } from "../../base/stream.js";
import { durationText } from "../../base/time.js";
import { Failed, Loading } from "../../widgets/region.js";
import { Processes, Programs } from "./agent.js";
import { Drops, Sampling } from "./drops.js";
import { Health } from "./health.js";
import { Receiving } from "./receiving.js";
import { Scraping } from "./scraping.js";
import { Queries, Storage } from "./storage.js";

/** View is the system about itself: what works, what was lost, what comes in and waits, what lies on disk, what it costs. */
export function View(): JSX.Element {
  const asked = useAnswer<StatusAnswer>(apiUrl("status"));
  const now = status.value ?? asked.data;
  if (now === undefined) {
    return asked.error === undefined ? (
      <Loading what="the system's state" rows={10} />
    ) : (
      <Failed error={asked.error} retry={asked.retry} />
    );
  }
  return (
    <div class="stack">
      <div class="head">
        <h1>System</h1>
        <span class="dim">
          Go3s {now.version} · up {durationText(now.uptime_s * 1e9)}
        </span>
      </div>
      <Health of={now} />
      <Drops of={now.dropped} />
      <Receiving of={now} />
      {now.scrape === undefined ? null : <Scraping of={now.scrape} />}
      <Storage of={now.store} />
      <Sampling of={now.sampling} />
      <Queries of={now.slowest_queries} />
      <Programs of={now.agent} />
      <Processes of={now.agent} />
      <p class="pad">
        <a class="button" href="/metrics" data-reload="">
          The same for Prometheus
        </a>
      </p>
    </div>
  );
}
