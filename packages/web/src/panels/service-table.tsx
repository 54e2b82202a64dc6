import type { ServiceRow, ServicesAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { linkTo, param, setParams } from "../base/address.js";
import { countText, figureText, rateFigure } from "../base/number.js";
import { unixMs } from "../base/time.js";
import { Ago, Duration, ErrorShare, Rate, Service } from "../widgets/figure.js";
import { Sparkline } from "../widgets/sparkline.js";
import { type Column, ordered, Table } from "../widgets/table.js";

const columns: readonly Column<ServiceRow>[] = [
  {
    id: "service",
    title: "Service",
    track: "minmax(110px, 2.2fr)",
    sort: (row) => row.service_name,
    cell: (row) => <Service name={row.service_name} />,
  },
  {
    id: "rate",
    title: "Rate",
    track: "minmax(60px, 0.7fr)",
    end: true,
    sort: (row) => row.rate,
    cell: (row) => <Rate of={row.rate} />,
  },
  {
    id: "rate_spark",
    title: "",
    track: "minmax(60px, 1fr)",
    from: 720,
    cell: (row) => (
      <Sparkline
        values={row.spark.rate}
        label={`rate, at most ${figureText(rateFigure(Math.max(...row.spark.rate)))}`}
      />
    ),
  },
  {
    id: "errors",
    title: "Errors",
    track: "minmax(54px, 0.7fr)",
    end: true,
    hint: "share of the requests that failed",
    sort: (row) => row.error_share,
    cell: (row) => <ErrorShare share={row.error_share} errors={row.errors} />,
  },
  {
    id: "errors_spark",
    title: "",
    track: "minmax(60px, 1fr)",
    from: 720,
    cell: (row) => (
      <Sparkline values={row.spark.errors} label={`${countText(row.errors)} errors over the range`} bad />
    ),
  },
  {
    id: "p50",
    title: "p50",
    track: "minmax(64px, 0.7fr)",
    end: true,
    from: 560,
    sort: (row) => row.p50_ns,
    cell: (row) => <Duration ns={row.p50_ns} />,
  },
  {
    id: "p99",
    title: "p99",
    track: "minmax(64px, 0.7fr)",
    end: true,
    sort: (row) => row.p99_ns,
    cell: (row) => <Duration ns={row.p99_ns} />,
  },
  {
    id: "p99_spark",
    title: "",
    track: "minmax(60px, 1fr)",
    from: 720,
    cell: (row) => <Sparkline values={row.spark.p99_ns} label="p99 over the range" />,
  },
  {
    id: "requests",
    title: "Requests",
    track: "minmax(70px, 0.7fr)",
    end: true,
    from: 900,
    sort: (row) => row.requests,
    cell: (row) => countText(row.requests),
  },
  {
    id: "seen",
    title: "Last seen",
    track: "minmax(80px, 0.8fr)",
    end: true,
    from: 900,
    sort: (row) => row.last_seen_ms,
    cell: (row) => (
      <span class="dim">
        <Ago ms={unixMs(row.last_seen_ms)} />
      </span>
    ),
  },
];

/** ServiceTable lists services densely; its order is in the address. */
export function ServiceTable({
  answer,
  wanted = "",
}: {
  answer: ServicesAnswer;
  wanted?: string;
}): JSX.Element {
  const order = param("sort") || "-rate";
  const rows = answer.services.filter((row) => row.service_name.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <Table
      label="Services"
      columns={columns}
      rows={ordered(rows, columns, order)}
      rowKey={(row) => row.service_name}
      open={(row) => linkTo(`/services/${encodeURIComponent(row.service_name)}`)}
      order={order}
      onOrder={(next) => setParams({ sort: next === "-rate" ? undefined : next })}
      keys
    />
  );
}
