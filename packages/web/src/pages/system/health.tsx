import type { StatusAnswer } from "@go3s/server";
import type { ComponentChildren, JSX } from "preact";
import { countText, plural, shareFigure } from "../../base/number.js";
import { cell } from "../../base/text.js";
import { durationText, unixMs } from "../../base/time.js";
import { Ago, Bytes, Fig } from "../../widgets/figure.js";

type Mark = "ok" | "warn" | "bad" | "dim";
const signs: Readonly<Record<Mark, string>> = { ok: "✓", warn: "!", bad: "✕", dim: "–" };

function State(props: { mark: Mark; title: string; children: ComponentChildren }): JSX.Element {
  return (
    <li class="state">
      <span class={`${props.mark} sign`} aria-hidden="true">
        {signs[props.mark]}
      </span>
      <strong>{props.title}</strong>
      <span>{props.children}</span>
    </li>
  );
}

const agentMarks: Readonly<Record<StatusAnswer["agent"]["state"], Mark>> = {
  running: "ok",
  failed: "bad",
  off: "dim",
  partial: "warn",
  starting: "warn",
};

/** What has waited so long is told: inserts take a moment, and up to five seconds under lasting load. */
const longWait_ms = 30_000;

/** Health is one line for each process of ours: whether it works, and what it costs. */
export function Health({ of }: { of: StatusAnswer }): JSX.Element {
  const { agent, store, server } = of;
  return (
    <ul class="health">
      <State mark={agentMarks[agent.state]} title={`Agent ${agent.state}`}>
        {agent.reason === "" ? (
          <>
            {countText(agent.probes)} probes, {plural(agent.spans, "span")} made
            <Cost cpu={agent.cpu_share} bytes={agent.rss_bytes} />
          </>
        ) : (
          <>
            {cell(agent.reason)} <span class="dim">{cell(agent.hint)}</span>
          </>
        )}
      </State>
      <StoreState of={store} />
      <EngineState of={store.engine} />
      <State mark="ok" title="Server">
        pid {server.pid}, started <Ago ms={unixMs(of.started_ms)} />
        <Cost cpu={server.cpu_share} bytes={server.rss_bytes} />
      </State>
    </ul>
  );
}

function Cost({ cpu, bytes }: { cpu: number | null; bytes: number | null }): JSX.Element {
  return (
    <>
      {cpu === null ? null : (
        <>
          , <Fig of={shareFigure(cpu)} /> of one CPU
        </>
      )}
      {bytes === null ? null : (
        <>
          , <Bytes of={bytes} />
        </>
      )}
    </>
  );
}

function StoreState({ of }: { of: StatusAnswer["store"] }): JSX.Element {
  const late = of.waiting_oldest_ms > longWait_ms;
  const faults = of.log_faults.writes + of.log_faults.syncs;
  const waits = of.state === "starting" || of.state === "busy" || late || faults > 0;
  const mark: Mark = of.state === "ready" ? (waits ? "warn" : "ok") : waits ? "warn" : "bad";
  return (
    <State mark={mark} title={`Store ${of.state}`}>
      {of.reason === "" ? null : `${cell(of.reason)} `}
      <Bytes of={of.disk_bytes} /> on disk, <Bytes of={of.wal_bytes} /> in the log
      {of.waiting_rows === null ? null : `, ${plural(of.waiting_rows, "row")} wait to be inserted`}
      {late ? (
        <span class="warn">
          , the oldest since {durationText(of.waiting_oldest_ms * 1e6)}: what was acknowledged is safe in the
          log, but queries do not see it yet
        </span>
      ) : null}
      {faults === 0 ? null : (
        <span class="warn">
          , the disk failed {plural(of.log_faults.writes, "write")} and {plural(of.log_faults.syncs, "sync")}{" "}
          of the log: look at the machine's disk
        </span>
      )}
    </State>
  );
}

function EngineState({ of }: { of: StatusAnswer["store"]["engine"] }): JSX.Element {
  const ready = of.state === "ready";
  const mark: Mark = ready ? (of.restarts > 0 ? "warn" : "ok") : "warn";
  return (
    <State mark={mark} title={`Engine ${of.state}`}>
      {of.pid === null ? "" : `pid ${of.pid}, `}
      {of.last_insert_ms === 0 ? (
        "nothing inserted yet"
      ) : (
        <>
          last insert <Ago ms={unixMs(of.last_insert_ms)} />, it took{" "}
          {durationText(of.last_insert_took_ms * 1e6)}
        </>
      )}
      <Cost cpu={of.cpu_share} bytes={of.rss_bytes} />
      {of.restarts === 0 ? null : (
        <span class="warn">
          , started again {plural(of.restarts, "time")}: nothing acknowledged is lost by that
        </span>
      )}
    </State>
  );
}
