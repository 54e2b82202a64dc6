import type { JSX } from "preact";
import { linkTo } from "../base/address.js";
import { pendingKey } from "../base/keyboard.js";
import { bytesFigure, countFigure, countText, rateFigure, shareFigure } from "../base/number.js";
import { link, status } from "../base/stream.js";
import { Fig } from "./figure.js";

/** StatusBar is the system's own state, always on the screen; each part leads to the page that explains it. */
export function StatusBar(): JSX.Element {
  const now = status.value;
  if (now === undefined) {
    return (
      <footer class="foot">
        <span>
          {link.value === "lost" ? (
            <b class="bad">The server does not answer; trying again</b>
          ) : (
            "Connecting…"
          )}
        </span>
      </footer>
    );
  }
  const { agent, ingest, store } = now;
  const watched = agent.processes.filter((row) => row.watched).length;
  const dropped = now.dropped.reduce((sum, row) => sum + row.count, 0);
  const cpu = now.server.cpu_share + (agent.cpu_share ?? 0);
  const system = linkTo("/system");
  return (
    <footer class="foot">
      {agent.state === "running" || agent.state === "partial" ? (
        <a href={system} title={agent.reason} class={agent.state === "partial" ? "warn" : ""}>
          <b>{countText(watched)}</b> {watched === 1 ? "process" : "processes"} watched
          {agent.state === "partial" ? <b> (in part)</b> : null}
        </a>
      ) : (
        <a href={system} title={agent.reason} class={agent.state === "failed" ? "bad" : ""}>
          agent <b>{agent.state}</b>
        </a>
      )}
      <a href={system}>
        <b>{countText(agent.probes)}</b> probes
      </a>
      <a href={system} title="server and agent, of one CPU">
        <b>
          <Fig of={shareFigure(cpu)} />
        </b>{" "}
        CPU
      </a>
      <a href={linkTo("/traces")}>
        <b>
          <Fig of={countFigure(ingest.spans_per_s)} />
        </b>{" "}
        spans/s in
      </a>
      <a href={linkTo("/logs")}>
        <b>
          <Fig of={rateFigure(ingest.logs_per_s)} />
        </b>{" "}
        logs
      </a>
      <a
        href={system}
        class={dropped > 0 ? "warn" : ""}
        title={now.dropped.map((row) => `${row.reason}: ${row.count} ${row.unit}`).join("\n")}
      >
        <b>{countText(dropped)}</b> dropped
      </a>
      {store.state === "ready" ? null : (
        <a
          href={system}
          class={store.state === "busy" || store.state === "starting" ? "warn" : "bad"}
          title={store.reason}
        >
          store <b>{store.state}</b>
        </a>
      )}
      {store.disk_bytes === null ? null : (
        <a href={system}>
          disk{" "}
          <b>
            <Fig of={bytesFigure(store.disk_bytes)} />
          </b>
        </a>
      )}
      <span class="end">
        {link.value === "lost" ? <b class="bad">connection lost, trying again</b> : null}
        {pendingKey.value === "" ? null : <kbd>{pendingKey.value} …</kbd>}
      </span>
    </footer>
  );
}
