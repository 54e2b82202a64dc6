import type {
  DeployRow,
  HeatAnswer,
  NeighbourRow,
  OperationRow,
  ServiceAnswer,
  SpanExample,
} from "@go3s/server";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { go, linkTo, param, range, setParams } from "../../base/address.js";
import { useAnswer } from "../../base/answers.js";
import { apiUrl } from "../../base/api.js";
import { countText, figureText, rateFigure } from "../../base/number.js";
import type { PageProps } from "../../base/page.js";
import { cell } from "../../base/text.js";
import { durationText, unixMs } from "../../base/time.js";
import { whyHref } from "../../panels/why.js";
import { filterTerm } from "../../widgets/attributes.js";
import { Duration, ErrorShare, Moment, Rate, Service } from "../../widgets/figure.js";
import { type Brush, Heatmap } from "../../widgets/heatmap.js";
import { Plot, type PlotSeries, timesOf } from "../../widgets/plot.js";
import { LastSeen, Region } from "../../widgets/region.js";
import { type Column, ordered, Table } from "../../widgets/table.js";
import { Runtime } from "./runtime.js";

const ratePerSecond = (value: number): string => figureText(rateFigure(value));

/** View is one service: rate, errors and durations on one axis, its operations, examples, callers and callees. */
export function View({ part: name }: PageProps): JSX.Element {
  const answer = useAnswer<ServiceAnswer>(
    apiUrl(`services/${encodeURIComponent(name)}`, { ...range.value }),
    true,
  );
  return (
    <div class="stack">
      <div class="head">
        <h1>
          <Service name={name} />
        </h1>
        <a href={linkTo("/traces", { q: filterTerm("service", name) })}>Traces</a>
        <a href={linkTo("/logs", { q: filterTerm("service", name) })}>Logs</a>
        <a href={linkTo("/map", { selected: name })}>Map</a>
        <span class="grow" />
        <a
          class="button primary"
          href={whyHref({ service: name })}
          aria-label={`Why is ${cell(name, 80)} as it is?`}
        >
          Why?
        </a>
      </div>
      <Region answer={answer} what={`service ${name}`} rows={10}>
        {(data) => (data.requests === 0 ? <Quiet data={data} /> : <Busy data={data} name={name} />)}
      </Region>
    </div>
  );
}

const Quiet = ({ data }: { data: ServiceAnswer }): JSX.Element => (
  <div class="note">
    <h2>No request in this range</h2>
    <LastSeen what="span of this service" last={data.last_seen_ms} />
  </div>
);

function Busy({ data, name }: { data: ServiceAnswer; name: string }): JSX.Element {
  const plots = useMemo(() => {
    const { rate, errors, p50_ns, p95_ns, p99_ns } = data.series;
    const line = (
      label: string,
      values: readonly (number | null)[],
      more: Omit<PlotSeries, "label" | "values">,
    ) => ({
      label,
      values,
      ...more,
    });
    return {
      times: timesOf(data.buckets),
      marks: data.deploys.map((row) => ({
        ms: unixMs(row.first_ms),
        title: `${row.key} ${cell(row.value, 60)} seen first`,
      })),
      rate: [
        line("requests", rate, { colour: "accent", fill: true }),
        line("errors", errors, { colour: "bad" }),
      ],
      duration: [
        line("p99", p99_ns, { colour: "text" }),
        line("p95", p95_ns, { colour: "accent", dash: "dash" }),
        line("p50", p50_ns, { colour: "dim", dash: "dots" }),
      ],
    };
  }, [data]);
  return (
    <div class="stack">
      <dl class="facts">
        <Fact title="requests">
          <Rate of={data.rate} />
        </Fact>
        <Fact title={`errors (${countText(data.errors)})`}>
          <ErrorShare share={data.error_share} errors={data.errors} />
        </Fact>
        <Fact title="p50">
          <Duration ns={data.p50_ns} />
        </Fact>
        <Fact title="p95">
          <Duration ns={data.p95_ns} />
        </Fact>
        <Fact title="p99">
          <Duration ns={data.p99_ns} />
        </Fact>
      </dl>
      <div class="cols wide">
        <Plot
          title="Requests and errors"
          times={plots.times}
          series={plots.rate}
          format={ratePerSecond}
          marks={plots.marks}
        />
        <Plot
          title="Duration"
          times={plots.times}
          series={plots.duration}
          format={durationText}
          marks={plots.marks}
        />
      </div>
      <Deploys rows={data.deploys} />
      <Latency name={name} />
      <Runtime name={name} marks={plots.marks} />
      <section aria-label="Operations">
        <div class="head">
          <h2>Operations</h2>
        </div>
        <Operations rows={data.operations} name={name} />
      </section>
      <div class="cols">
        <Examples title="Slowest" rows={data.slowest} />
        <Examples title="Failing" rows={data.failing} />
        <Neighbours
          title="Called by"
          rows={data.callers}
          none="No caller was seen: requests come from outside what is watched."
        />
        <Neighbours title="Calls" rows={data.callees} none="It calls nothing that was seen." />
      </div>
    </div>
  );
}

/** Deploys puts the marks of the plots into words. */
function Deploys({ rows }: { rows: readonly DeployRow[] }): JSX.Element | null {
  if (rows.length === 0) return null;
  return (
    <p class="pad row wrap dim">
      {rows.slice(-6).map((row) => (
        <span key={`${row.key}${row.value}`}>
          ▾ {row.key} <strong>{cell(row.value, 40)}</strong> since{" "}
          <Moment ms={unixMs(row.first_ms)} digits={0} />
        </span>
      ))}
    </p>
  );
}

/** Latency is how long requests took over time; what is under the brush opens as traces. */
function Latency({ name }: { name: string }): JSX.Element {
  const q = `${filterTerm("service", name)} (kind:server OR kind:consumer)`;
  const answer = useAnswer<HeatAnswer>(apiUrl("traces/heat", { filter: q, ...range.value }), true);
  const brushed = (brush: Brush) => {
    const ns = (value: number) => `${Math.round(value)}ns`;
    const from = String(Math.round(brush.from_ms));
    const to = String(Math.round(brush.to_ms));
    go(
      linkTo("/traces", {
        q: `${q} duration:${ns(brush.from_ns)}..${ns(brush.to_ns)}`,
        from,
        to,
        over: "heat",
      }),
    );
  };
  return (
    <section class="pad" aria-label="Latency">
      <h2>Latency</h2>
      <Region answer={answer} what="durations over time" rows={4}>
        {(data) => <Heatmap data={data} onBrush={brushed} />}
      </Region>
    </section>
  );
}

const Fact = ({ title, children }: { title: string; children: JSX.Element }): JSX.Element => (
  <div>
    <dt>{title}</dt>
    <dd>{children}</dd>
  </div>
);

const operationColumns: readonly Column<OperationRow>[] = [
  {
    id: "operation",
    title: "Operation",
    track: "minmax(130px, 3fr)",
    sort: (row) => row.operation,
    cell: (row) => <span title={cell(row.operation)}>{cell(row.operation, 160)}</span>,
  },
  {
    id: "kind",
    title: "Kind",
    track: "90px",
    from: 760,
    sort: (row) => row.kind,
    cell: (row) => <span class="dim">{row.kind.toLowerCase()}</span>,
  },
  {
    id: "rate",
    title: "Rate",
    track: "minmax(64px, 0.8fr)",
    end: true,
    sort: (row) => row.rate,
    cell: (row) => <Rate of={row.rate} />,
  },
  {
    id: "errors",
    title: "Errors",
    track: "minmax(54px, 0.8fr)",
    end: true,
    sort: (row) => row.error_share,
    cell: (row) => <ErrorShare share={row.error_share} errors={row.errors} />,
  },
  {
    id: "p50",
    title: "p50",
    track: "minmax(64px, 0.8fr)",
    end: true,
    from: 560,
    sort: (row) => row.p50_ns,
    cell: (row) => <Duration ns={row.p50_ns} />,
  },
  {
    id: "p95",
    title: "p95",
    track: "minmax(64px, 0.8fr)",
    end: true,
    from: 760,
    sort: (row) => row.p95_ns,
    cell: (row) => <Duration ns={row.p95_ns} />,
  },
  {
    id: "p99",
    title: "p99",
    track: "minmax(64px, 0.8fr)",
    end: true,
    sort: (row) => row.p99_ns,
    cell: (row) => <Duration ns={row.p99_ns} />,
  },
  {
    id: "total",
    title: "Total time",
    track: "minmax(80px, 1fr)",
    end: true,
    from: 900,
    hint: "requests × p50: where the service spends its time, roughly",
    sort: (row) => row.requests * row.p50_ns,
    cell: (row) => <Duration ns={row.requests * row.p50_ns} />,
  },
];

function Operations({ rows, name }: { rows: readonly OperationRow[]; name: string }): JSX.Element {
  const order = param("sort") || "-rate";
  return (
    <Table
      label="Operations"
      columns={operationColumns}
      rows={ordered(rows, operationColumns, order)}
      rowKey={(row) => `${row.kind} ${row.operation}`}
      open={(row) =>
        linkTo("/traces", {
          q: `${filterTerm("service", name)} ${filterTerm("operation", row.operation)}`,
          sort: "duration",
        })
      }
      order={order}
      onOrder={(next) => setParams({ sort: next === "-rate" ? undefined : next })}
      keys
    />
  );
}

const exampleColumns: readonly Column<SpanExample>[] = [
  {
    id: "operation",
    title: "Operation",
    track: "minmax(90px, 2fr)",
    cell: (row) => <span title={cell(row.status_message)}>{cell(row.operation, 120)}</span>,
  },
  { id: "when", title: "When", track: "minmax(86px, auto)", cell: (row) => <Moment ns={row.timestamp_ns} /> },
  {
    id: "duration",
    title: "Took",
    track: "72px",
    end: true,
    cell: (row) => <Duration ns={row.duration_ns} />,
  },
];

const Examples = ({ title, rows }: { title: string; rows: readonly SpanExample[] }): JSX.Element => (
  <section>
    <h2>{title}</h2>
    {rows.length === 0 ? (
      <p class="dim">None in this range.</p>
    ) : (
      <Table
        label={title}
        columns={exampleColumns}
        rows={rows}
        rowKey={(row) => row.span_id}
        open={(row) => linkTo(`/traces/${row.trace_id}`, { span: row.span_id })}
      />
    )}
  </section>
);

const neighbourColumns: readonly Column<NeighbourRow>[] = [
  { id: "name", title: "Name", track: "minmax(90px, 2fr)", cell: (row) => <Service name={row.name} /> },
  { id: "kind", title: "", track: "72px", from: 440, cell: (row) => <span class="dim">{row.kind}</span> },
  { id: "rate", title: "Rate", track: "64px", end: true, cell: (row) => <Rate of={row.rate} /> },
  {
    id: "errors",
    title: "Errors",
    track: "56px",
    end: true,
    cell: (row) => <ErrorShare share={row.error_share} errors={row.errors} />,
  },
  { id: "p99", title: "p99", track: "72px", end: true, cell: (row) => <Duration ns={row.p99_ns} /> },
];

const Neighbours = ({
  title,
  rows,
  none,
}: {
  title: string;
  rows: readonly NeighbourRow[];
  none: string;
}): JSX.Element => (
  <section>
    <h2>{title}</h2>
    {rows.length === 0 ? (
      <p class="dim">{none}</p>
    ) : (
      <Table
        label={title}
        columns={neighbourColumns}
        rows={rows}
        rowKey={(row) => `${row.kind} ${row.name}`}
        open={(row) =>
          row.kind === "service" || row.kind === "process"
            ? linkTo(`/services/${encodeURIComponent(row.name)}`)
            : linkTo("/map", { selected: row.name })
        }
      />
    )}
  </section>
);
