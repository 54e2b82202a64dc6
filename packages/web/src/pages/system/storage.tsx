import type { SlowQuery, StatusAnswer, TableUse, TenantUse } from "@go3s/server";
import type { JSX } from "preact";
import { linkTo } from "../../base/address.js";
import { countFigure, countText, plural } from "../../base/number.js";
import { cell } from "../../base/text.js";
import { durationText, unixMs } from "../../base/time.js";
import { Ago, Bytes, Duration, Fig } from "../../widgets/figure.js";
import { type Column, Table } from "../../widgets/table.js";

const day_s = 86_400;

function keptText(seconds: number): string {
  if (seconds === 0) return "for ever";
  return seconds % day_s === 0 ? plural(seconds / day_s, "day") : durationText(seconds * 1e9);
}

const tableColumns: readonly Column<TableUse>[] = [
  { id: "table", title: "Table", track: "minmax(90px, 1.4fr)", cell: (row) => row.table },
  {
    id: "rows",
    title: "Rows",
    track: "minmax(64px, 1fr)",
    end: true,
    cell: (row) => <Fig of={countFigure(row.rows)} exact={countText(row.rows)} />,
  },
  {
    id: "disk",
    title: "Disk",
    track: "minmax(72px, 1fr)",
    end: true,
    cell: (row) => <Bytes of={row.disk_bytes} />,
  },
  {
    id: "each",
    title: "A row",
    track: "minmax(64px, 1fr)",
    end: true,
    cell: (row) => (row.rows === 0 ? <span class="none">–</span> : <Bytes of={row.disk_bytes / row.rows} />),
  },
  {
    id: "ratio",
    title: "Compression",
    track: "minmax(84px, 1fr)",
    end: true,
    from: 560,
    hint: "bytes before compression by bytes on disk",
    cell: (row) =>
      row.disk_bytes === 0 ? (
        <span class="none">–</span>
      ) : (
        <span title={`${countText(row.uncompressed_bytes)} bytes before`}>
          {(row.uncompressed_bytes / row.disk_bytes).toFixed(1)}
          <span class="unit">×</span>
        </span>
      ),
  },
  {
    id: "parts",
    title: "Parts",
    track: "minmax(50px, 0.7fr)",
    end: true,
    from: 480,
    cell: (row) => countText(row.parts),
  },
  {
    id: "merges",
    title: "Merging",
    track: "minmax(84px, 1fr)",
    end: true,
    from: 640,
    cell: (row) =>
      row.merges === 0 ? (
        <span class="none">–</span>
      ) : (
        <>
          {row.merges} · <Bytes of={row.merging_bytes} />
        </>
      ),
  },
  {
    id: "kept",
    title: "Kept",
    track: "minmax(70px, 1fr)",
    end: true,
    from: 400,
    hint: "counted from when rows were received; go3s up --retention",
    cell: (row) => keptText(row.kept_s),
  },
];

interface Tenant {
  readonly tenant: string;
  readonly bytes: number;
  readonly share: number;
  readonly by: Readonly<Partial<Record<TenantUse["signal"], TenantUse>>>;
}

const signalCell = (signal: TenantUse["signal"]) => (row: Tenant) => {
  const use = row.by[signal];
  if (use === undefined) return <span class="none">–</span>;
  return (
    <span title={`${countText(use.rows)} rows`}>
      <Bytes of={use.disk_bytes} />
    </span>
  );
};

const tenantColumns: readonly Column<Tenant>[] = [
  {
    id: "tenant",
    title: "Tenant",
    track: "minmax(90px, 1.4fr)",
    cell: (row) => cell(row.tenant, 80) || "(none)",
  },
  {
    id: "bytes",
    title: "Disk",
    track: "minmax(72px, 1fr)",
    end: true,
    cell: (row) => <Bytes of={row.bytes} />,
  },
  {
    id: "share",
    title: "Share",
    track: "minmax(56px, 1fr)",
    end: true,
    cell: (row) => `${Math.round(row.share * 100)} %`,
  },
  {
    id: "traces",
    title: "Spans",
    track: "minmax(72px, 1fr)",
    end: true,
    from: 480,
    cell: signalCell("traces"),
  },
  { id: "logs", title: "Logs", track: "minmax(72px, 1fr)", end: true, from: 480, cell: signalCell("logs") },
  {
    id: "metrics",
    title: "Metrics",
    track: "minmax(72px, 1fr)",
    end: true,
    from: 480,
    cell: signalCell("metrics"),
  },
];

function tenantsOf(uses: readonly TenantUse[]): Tenant[] {
  const all = uses.reduce((sum, use) => sum + use.disk_bytes, 0);
  const names = [...new Set(uses.map((use) => use.tenant))];
  return names
    .map((tenant) => {
      const own = uses.filter((use) => use.tenant === tenant);
      const bytes = own.reduce((sum, use) => sum + use.disk_bytes, 0);
      const by = Object.fromEntries(own.map((use) => [use.signal, use]));
      return { tenant, bytes, share: all === 0 ? 0 : bytes / all, by };
    })
    .sort((a, b) => b.bytes - a.bytes);
}

/** Storage is what is on disk: by table and by tenant, how well it compresses and how long it stays. */
export function Storage({ of }: { of: StatusAnswer["store"] }): JSX.Element {
  const tables = of.tables.filter(({ table }) => table !== "schema_version");
  const merges = tables.reduce((sum, table) => sum + table.merges, 0);
  return (
    <section aria-label="Storage">
      <div class="head">
        <h2>Storage</h2>
        <span class="dim">
          <Bytes of={of.disk_bytes} /> in the tables
          {merges === 0 ? null : `, ${plural(merges, "merge")} under way`}
        </span>
      </div>
      {tables.length === 0 ? (
        <p class="pad dim">The tables are empty: what comes in is here a moment after it was acknowledged.</p>
      ) : (
        <Table
          label="Tables"
          columns={tableColumns}
          rows={[...tables].sort((a, b) => b.disk_bytes - a.disk_bytes)}
          rowKey={(row) => row.table}
        />
      )}
      {of.tenants.length === 0 ? null : (
        <>
          <div class="head">
            <h3>By tenant</h3>
            <span class="dim">a table's bytes, shared out by rows</span>
          </div>
          <Table
            label="Tenants"
            columns={tenantColumns}
            rows={tenantsOf(of.tenants)}
            rowKey={(row) => row.tenant}
          />
        </>
      )}
    </section>
  );
}

const queryColumns: readonly Column<SlowQuery>[] = [
  {
    id: "sql",
    title: "Statement",
    track: "minmax(140px, 5fr)",
    cell: (row) => (
      <code class={row.failed ? "bad" : ""} title={cell(row.sql)}>
        {row.failed ? "✕ " : ""}
        {cell(row.sql, 300)}
      </code>
    ),
  },
  {
    id: "took",
    title: "Time",
    track: "minmax(64px, 0.7fr)",
    end: true,
    hint: "until the answer began",
    cell: (row) => <Duration ns={row.took_ms * 1e6} />,
  },
  {
    id: "rows",
    title: "Rows read",
    track: "minmax(72px, 0.7fr)",
    end: true,
    from: 480,
    cell: (row) =>
      row.rows_read === null ? (
        <span class="none" title="the answer's format does not tell">
          –
        </span>
      ) : (
        <Fig of={countFigure(row.rows_read)} exact={countText(row.rows_read)} />
      ),
  },
  {
    id: "when",
    title: "When",
    track: "minmax(76px, 0.8fr)",
    end: true,
    from: 560,
    cell: (row) => <Ago ms={unixMs(row.at_ms)} />,
  },
];

/** Queries are the slowest of the last hour, each leading to the SQL page. */
export function Queries({ of }: { of: readonly SlowQuery[] }): JSX.Element {
  return (
    <section aria-label="Slowest queries">
      <div class="head">
        <h2>Slowest queries</h2>
        <span class="dim">
          {of.length === 0 ? "none in the last hour" : "of the last hour, each statement once"}
        </span>
      </div>
      {of.length === 0 ? null : (
        <Table
          label="Slowest queries"
          columns={queryColumns}
          rows={of}
          rowKey={(row) => row.sql}
          open={(row) => linkTo("/sql", { sql: row.sql })}
        />
      )}
    </section>
  );
}
