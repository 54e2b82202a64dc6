import type { DropCount, StatusAnswer, WatchedProcess } from "@go3s/server";
import type { ComponentChildren, JSX } from "preact";
import { linkTo, param, setParams } from "../../base/address.js";
import { useAnswer } from "../../base/answers.js";
import { apiUrl } from "../../base/api.js";
import { countFigure, countText, plural, rateFigure, shareFigure } from "../../base/number.js";
import { status } from "../../base/stream.js";
import { cell } from "../../base/text.js";
import { durationText, unixMs } from "../../base/time.js";
import { copy } from "../../widgets/attributes.js";
import { Ago, Bytes, Fig, Service } from "../../widgets/figure.js";
import { Failed, Loading } from "../../widgets/region.js";
import { type Column, ordered, Table } from "../../widgets/table.js";

/** View is the system about itself: what is watched and why, what it costs, what comes in, what was lost. */
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
          Go3s {now.version} · pid {now.server.pid} · up {durationText(now.uptime_s * 1e9)}
        </span>
      </div>
      <Health of={now} />
      <Receiving of={now} />
      <Drops of={now.dropped} />
      <Processes of={now} />
    </div>
  );
}

type Mark = "ok" | "warn" | "bad" | "dim";
const signs: Readonly<Record<Mark, string>> = { ok: "✓", warn: "!", bad: "✕", dim: "–" };

function State({
  mark,
  title,
  children,
}: {
  mark: Mark;
  title: string;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <li class="state">
      <span class={`${mark} sign`} aria-hidden="true">
        {signs[mark]}
      </span>
      <strong>{title}</strong>
      <span>{children}</span>
    </li>
  );
}

function Health({ of }: { of: StatusAnswer }): JSX.Element {
  const { agent, store } = of;
  const agentMark: Mark =
    agent.state === "running"
      ? "ok"
      : agent.state === "failed"
        ? "bad"
        : agent.state === "off"
          ? "dim"
          : "warn";
  const storeMark: Mark =
    store.state === "ready" ? "ok" : store.state === "starting" || store.state === "busy" ? "warn" : "bad";
  return (
    <ul class="health">
      <State mark={agentMark} title={`Agent ${agent.state}`}>
        {agent.reason === "" ? (
          <>
            {countText(agent.probes)} probes, {plural(agent.spans, "span")} made
            {agent.cpu_share === null ? null : (
              <>
                , <Fig of={shareFigure(agent.cpu_share)} /> of one CPU
              </>
            )}
            {agent.rss_bytes === null ? null : (
              <>
                , <Bytes of={agent.rss_bytes} />
              </>
            )}
          </>
        ) : (
          <>
            {cell(agent.reason)} <span class="dim">{cell(agent.hint)}</span>
          </>
        )}
      </State>
      <State mark={storeMark} title={`Store ${store.state}`}>
        {store.reason === "" ? null : `${cell(store.reason)} `}
        <Bytes of={store.disk_bytes} /> on disk, <Bytes of={store.wal_bytes} /> in the log
        {store.waiting_rows === null ? null : `, ${countText(store.waiting_rows)} rows wait to be inserted`}
      </State>
      <State mark="ok" title="Server">
        <Fig of={shareFigure(of.server.cpu_share)} /> of one CPU, <Bytes of={of.server.rss_bytes} />, started{" "}
        <Ago ms={unixMs(of.started_ms)} />
      </State>
    </ul>
  );
}

function Receiving({ of }: { of: StatusAnswer }): JSX.Element {
  const { ingest, addresses } = of;
  const rows = [
    { title: "spans", rate: ingest.spans_per_s, total: ingest.spans, path: "/traces" },
    { title: "log records", rate: ingest.logs_per_s, total: ingest.logs, path: "/logs" },
    { title: "metric points", rate: ingest.metrics_per_s, total: ingest.metrics, path: "/metrics-explorer" },
  ];
  return (
    <section aria-label="Receiving">
      <div class="head">
        <h2>Received and acknowledged</h2>
        <span class="dim">
          {plural(ingest.requests, "request")}, <Bytes of={ingest.bytes} /> since the start
        </span>
      </div>
      <dl class="facts">
        {rows.map((row) => (
          <div key={row.title}>
            <dt>
              <a href={linkTo(row.path)}>{row.title}</a> · {countText(row.total)}
            </dt>
            <dd>
              <Fig of={rateFigure(row.rate)} />
            </dd>
          </div>
        ))}
      </dl>
      <p class="pad row wrap">
        {[
          ["OTLP/HTTP", addresses.otlp_http],
          ["OTLP/gRPC", addresses.otlp_grpc],
        ].map(([title, address]) =>
          address === undefined || address === "" ? null : (
            <span key={title} class="row">
              <span class="dim">{title}</span> <code>{address}</code>
              <button type="button" class="button bare" onClick={() => copy(address)}>
                copy
              </button>
            </span>
          ),
        )}
      </p>
    </section>
  );
}

const dropColumns: readonly Column<DropCount>[] = [
  { id: "reason", title: "Reason", track: "minmax(140px, 3fr)", cell: (row) => cell(row.reason) },
  { id: "place", title: "Where", track: "minmax(70px, 1fr)", cell: (row) => row.place },
  {
    id: "count",
    title: "Lost or refused",
    track: "minmax(110px, 1fr)",
    end: true,
    sort: (row) => row.count,
    cell: (row) => (
      <span class="warn">
        <Fig of={countFigure(row.count)} exact={countText(row.count)} /> {row.unit}
      </span>
    ),
  },
];

function Drops({ of }: { of: readonly DropCount[] }): JSX.Element {
  return (
    <section aria-label="Drops">
      <div class="head">
        <h2>Lost or refused</h2>
        <span class="dim">{of.length === 0 ? "nothing since the start" : "since the start, by reason"}</span>
      </div>
      {of.length === 0 ? null : (
        <Table
          label="Drops by reason"
          columns={dropColumns}
          rows={of}
          rowKey={(row) => `${row.place} ${row.reason} ${row.unit}`}
        />
      )}
    </section>
  );
}

const processColumns: readonly Column<WatchedProcess>[] = [
  {
    id: "service",
    title: "Process",
    track: "minmax(110px, 1.4fr)",
    sort: (row) => row.service_name,
    cell: (row) => <Service name={row.service_name} />,
  },
  {
    id: "pid",
    title: "Pid",
    track: "64px",
    end: true,
    sort: (row) => row.pid,
    cell: (row) => String(row.pid),
  },
  {
    id: "runtime",
    title: "Runtime",
    track: "90px",
    from: 560,
    sort: (row) => row.runtime,
    cell: (row) => cell(row.runtime, 40) || "–",
  },
  {
    id: "watched",
    title: "Watched",
    track: "76px",
    sort: (row) => (row.watched ? 1 : 0),
    cell: (row) => (row.watched ? <span class="ok">✓ yes</span> : <span class="dim">– no</span>),
  },
  {
    id: "reason",
    title: "Why",
    track: "minmax(120px, 2.6fr)",
    cell: (row) => <span title={cell(row.reason)}>{cell(row.reason) || "–"}</span>,
  },
  {
    id: "probes",
    title: "Probes",
    track: "56px",
    end: true,
    from: 640,
    sort: (row) => row.probes,
    cell: (row) => countText(row.probes),
  },
  {
    id: "spans",
    title: "Spans",
    track: "80px",
    end: true,
    sort: (row) => row.spans,
    cell: (row) => countText(row.spans),
  },
  {
    id: "executable",
    title: "Executable",
    track: "minmax(120px, 2fr)",
    from: 980,
    cell: (row) => (
      <span class="mono dim" title={cell(row.executable)}>
        {cell(row.executable)}
      </span>
    ),
  },
];

function Processes({ of }: { of: StatusAnswer }): JSX.Element {
  const { processes } = of.agent;
  const order = param("sort") || "-watched";
  return (
    <section aria-label="Processes">
      <div class="head">
        <h2>Processes</h2>
        <span class="dim">
          {processes.length === 0
            ? "the agent has looked at none"
            : `${processes.filter((row) => row.watched).length} of ${processes.length} watched`}
        </span>
      </div>
      {processes.length === 0 ? null : (
        <Table
          label="Processes"
          columns={processColumns}
          rows={ordered(processes, processColumns, order)}
          rowKey={(row) => String(row.pid)}
          open={(row) => linkTo(`/services/${encodeURIComponent(row.service_name)}`)}
          order={order}
          onOrder={(sort) => setParams({ sort })}
          keys
        />
      )}
    </section>
  );
}
