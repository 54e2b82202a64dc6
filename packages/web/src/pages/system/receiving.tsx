import type { HistoryAnswer, StatusAnswer, WayIn } from "@go3s/server";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { linkTo } from "../../base/address.js";
import { useAnswer } from "../../base/answers.js";
import { apiUrl } from "../../base/api.js";
import { bytesFigure, countText, figureText, plural, rateFigure, shareFigure } from "../../base/number.js";
import { durationText } from "../../base/time.js";
import { copy } from "../../widgets/attributes.js";
import { Bytes, Fig, Rate } from "../../widgets/figure.js";
import { Plot, type PlotSeries, timesOf } from "../../widgets/plot.js";
import { Region } from "../../widgets/region.js";
import { type Column, Table } from "../../widgets/table.js";

const perSecond = (value: number): string => figureText(rateFigure(value));

/** Receiving is what comes in and what waits: now, over the last minutes, and by each way in. */
export function Receiving({ of }: { of: StatusAnswer }): JSX.Element {
  const { ingest, store } = of;
  const rows = [
    { title: "spans", rate: ingest.spans_per_s, total: ingest.spans, path: "/traces" },
    { title: "log records", rate: ingest.logs_per_s, total: ingest.logs, path: "/logs" },
    { title: "metric points", rate: ingest.metrics_per_s, total: ingest.metrics, path: undefined },
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
        {[...rows, ...profilesOf(of)].map(({ title, rate, total, path }) => (
          <div key={title}>
            <dt>
              {path === undefined ? title : <a href={linkTo(path)}>{title}</a>} · {countText(total)}
            </dt>
            <dd>
              <Fig of={rateFigure(rate)} />
            </dd>
          </div>
        ))}
        <div>
          <dt>
            wait in {plural(store.waiting_segments, "segment")} · oldest{" "}
            {durationText(store.waiting_oldest_ms * 1e6)}
          </dt>
          <dd>
            <Bytes of={store.wal_bytes} />
          </dd>
        </div>
      </dl>
      <History now={of.now_ms} />
      <Ways of={of} />
    </section>
  );
}

/** profilesOf is there when there are some. */
function profilesOf({
  ingest,
}: StatusAnswer): { title: string; rate: number; total: number; path: undefined }[] {
  const ways = ingest.ways.filter(({ signal }) => signal === "profiles");
  const sum = (of: (way: WayIn) => number) => ways.reduce((all, way) => all + of(way), 0);
  const total = sum(({ items }) => items);
  return total === 0
    ? []
    : [{ title: "profile samples", rate: sum((way) => way.items_per_s), total, path: undefined }];
}

/** The server keeps steps of five seconds: asking more often shows nothing new. */
const askEvery_ms = 5_000;

function History({ now }: { now: number }): JSX.Element {
  const answer = useAnswer<HistoryAnswer>(apiUrl("history"));
  const step = Math.floor(now / askEvery_ms);
  useEffect(() => {
    if (document.visibilityState === "visible" && answer.data !== undefined) answer.retry();
  }, [step]);
  return (
    <Region answer={answer} what="The last minutes" rows={5}>
      {(data) => <Plots of={data} />}
    </Region>
  );
}

function Plots({ of }: { of: HistoryAnswer }): JSX.Element {
  const { times, coming, waiting, lost, cpu } = useMemo(() => plotsOf(since(of)), [of]);
  return (
    <div class="cols four">
      <Plot title="Coming in" times={times} series={coming} format={perSecond} height={120} />
      <Plot
        title="Waiting to be inserted"
        times={times}
        series={waiting}
        format={(value) => figureText(bytesFigure(value))}
        height={120}
      />
      <Plot
        title="CPU"
        times={times}
        series={cpu}
        format={(value) => figureText(shareFigure(value))}
        height={120}
      />
      <Plot title="Lost or left out" times={times} series={lost} format={perSecond} height={120} />
    </div>
  );
}

/** leastSteps are shown of a server that has just started: three minutes. */
const leastSteps = 36;

/** since leaves out the time before the server ran. */
function since(of: HistoryAnswer): HistoryAnswer {
  const ran = of.spans.findIndex((value) => value !== null);
  const from = Math.min(ran < 0 ? of.count : ran, Math.max(0, of.count - leastSteps));
  const cut = (values: readonly (number | null)[]) => values.slice(from);
  return {
    start_ms: of.start_ms + from * of.step_ms,
    step_ms: of.step_ms,
    count: of.count - from,
    spans: cut(of.spans),
    logs: cut(of.logs),
    metrics: cut(of.metrics),
    dropped: cut(of.dropped),
    sampled_out: cut(of.sampled_out),
    waiting_bytes: cut(of.waiting_bytes),
    waiting_oldest_ms: cut(of.waiting_oldest_ms),
    server_cpu: cut(of.server_cpu),
    engine_cpu: cut(of.engine_cpu),
  };
}

function plotsOf(of: HistoryAnswer): Readonly<Record<"coming" | "waiting" | "lost" | "cpu", PlotSeries[]>> & {
  readonly times: readonly number[];
} {
  return {
    times: timesOf(of),
    coming: [
      { label: "spans", values: of.spans, colour: "accent", fill: true },
      { label: "logs", values: of.logs, colour: "text", dash: "dash" },
      { label: "points", values: of.metrics, colour: "dim", dash: "dots" },
    ],
    waiting: [{ label: "most", values: of.waiting_bytes, colour: "accent", fill: true }],
    lost: [
      { label: "lost", values: of.dropped, colour: "bad" },
      { label: "sampled out", values: of.sampled_out, colour: "dim", dash: "dash" },
    ],
    cpu: [
      { label: "engine", values: of.engine_cpu, colour: "text", dash: "dash" },
      { label: "server", values: of.server_cpu, colour: "accent" },
    ],
  };
}

const wayNames: Readonly<Record<string, string>> = {
  http: "OTLP/HTTP",
  grpc: "OTLP/gRPC",
  fused: "Fused OTLP (agent)",
  zipkin: "Zipkin v2",
  jaeger: "Jaeger",
  "jaeger-grpc": "Jaeger gRPC",
  "jaeger-udp": "Jaeger agent (UDP)",
  scrape: "Prometheus scrapes",
  pprof: "pprof",
  pyroscope: "Pyroscope",
  prometheus: "Prometheus remote write",
};

const wayColumns: readonly Column<WayIn>[] = [
  {
    id: "way",
    title: "Way in",
    track: "minmax(90px, 2fr)",
    cell: (row) => wayNames[row.way] ?? row.way,
  },
  {
    id: "signal",
    title: "Signal",
    track: "minmax(50px, 1fr)",
    cell: (row) => (row.signal === "traces" ? "spans" : row.signal),
  },
  {
    id: "rate",
    title: "Now",
    track: "minmax(58px, 1fr)",
    end: true,
    cell: (row) => <Rate of={row.items_per_s} />,
  },
  {
    id: "items",
    title: "Items",
    track: "minmax(76px, 1fr)",
    end: true,
    cell: (row) => countText(row.items),
  },
  {
    id: "requests",
    title: "Requests",
    track: "minmax(80px, 1fr)",
    end: true,
    from: 560,
    cell: (row) => countText(row.requests),
  },
  {
    id: "refused",
    title: "Refused",
    track: "minmax(70px, 1fr)",
    end: true,
    from: 480,
    cell: (row) =>
      row.refused === 0 ? <span class="none">0</span> : <span class="warn">{countText(row.refused)}</span>,
  },
  {
    id: "bytes",
    title: "Bytes",
    track: "minmax(76px, 1fr)",
    end: true,
    from: 640,
    cell: (row) => <Bytes of={row.bytes} />,
  },
  {
    id: "each",
    title: "Bytes each",
    track: "minmax(80px, 1fr)",
    end: true,
    from: 760,
    hint: "as sent, compressed or not",
    cell: (row) =>
      row.items === 0 || row.bytes === 0 ? <span class="none">–</span> : <Bytes of={row.bytes / row.items} />,
  },
];

function Ways({ of }: { of: StatusAnswer }): JSX.Element {
  const { addresses } = of;
  const { ways } = of.ingest;
  const endpoint = `OTEL_EXPORTER_OTLP_ENDPOINT=${addresses.otlp_http}`;
  return (
    <>
      {ways.length === 0 ? (
        <p class="pad">
          Nothing has come in yet. Start a program with an OpenTelemetry SDK and <code>{endpoint}</code>, or
          let the agent watch one.{" "}
          <button type="button" class="button bare" onClick={() => copy(endpoint)}>
            copy
          </button>
        </p>
      ) : (
        <Table
          label="Ways in"
          columns={wayColumns}
          rows={ways}
          rowKey={(row) => `${row.way} ${row.signal}`}
        />
      )}
      <p class="pad row wrap">
        {[
          ["OTLP/HTTP", addresses.otlp_http],
          ["OTLP/gRPC", addresses.otlp_grpc],
        ].map(([title, address]) =>
          address === undefined || address === "" ? null : (
            <span key={title} class="row">
              <span class="dim">{title}</span> <code>{address}</code>
              <button
                type="button"
                class="button bare"
                aria-label={`Copy ${title}`}
                onClick={() => copy(address)}
              >
                copy
              </button>
            </span>
          ),
        )}
      </p>
    </>
  );
}
