import type { LogRow, LogsAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { linkTo, param, range, setParams } from "../../base/address.js";
import { useAnswer } from "../../base/answers.js";
import { apiUrl, get } from "../../base/api.js";
import { plural } from "../../base/number.js";
import { live } from "../../base/stream.js";
import { block, cell, foldedJson } from "../../base/text.js";
import { durationText } from "../../base/time.js";
import { Facets, withTerm } from "../../panels/facets.js";
import { ShowAsSql } from "../../panels/show-as-sql.js";
import { tcpLine } from "../../panels/tcp-line.js";
import { AttributeList, copy } from "../../widgets/attributes.js";
import { Drawer } from "../../widgets/drawer.js";
import { Moment, Service } from "../../widgets/figure.js";
import { Histogram } from "../../widgets/histogram.js";
import { LastSeen, Region } from "../../widgets/region.js";
import { type Column, Table } from "../../widgets/table.js";
import { Patterns } from "./patterns.js";

const limit = 500;

/** View is the search of logs, newest first; new lines join at the top only while nobody reads further down. */
export function View(): JSX.Element {
  const filter = param("q");
  const answer = useAnswer<LogsAnswer>(
    apiUrl("logs", { filter, limit, spans: param("spans"), ...range.value }),
    true,
  );
  return (
    <div class="split">
      <Facets signal="logs" />
      <div class="list">
        <Region answer={answer} what="logs" rows={14}>
          {(data) => (
            <>
              <Histogram data={data.histogram} what="line" />
              <As />
              {data.rows.length === 0 ? (
                <Nothing filter={filter} last={data.last_seen_ms} />
              ) : param("as") === "patterns" ? (
                <Patterns filter={filter} />
              ) : (
                <Lines
                  key={`${filter} ${param("spans")} ${range.value.from} ${range.value.to}`}
                  data={data}
                  filter={filter}
                />
              )}
            </>
          )}
        </Region>
      </div>
    </div>
  );
}

/** As chooses between the lines and their forms. */
function As(): JSX.Element {
  const patterns = param("as") === "patterns";
  return (
    <div class="strip" role="group" aria-label="Lines or their forms">
      <button
        type="button"
        class="button bare"
        aria-pressed={!patterns}
        onClick={() => setParams({ as: undefined, sort: undefined })}
      >
        Lines
      </button>
      <button
        type="button"
        class="button bare"
        aria-pressed={patterns}
        onClick={() => setParams({ as: "patterns", selected: undefined })}
      >
        Patterns
      </button>
      <span class="grow" />
      {patterns ? null : (
        <button
          type="button"
          class="button bare"
          aria-pressed={param("spans") === "1"}
          title="Spans and log lines in one list by time"
          onClick={() => setParams({ spans: param("spans") === "1" ? undefined : "1", selected: undefined })}
        >
          Spans too
        </button>
      )}
    </div>
  );
}

function Nothing({ filter, last }: { filter: string; last: number | null }): JSX.Element {
  return (
    <div class="note">
      <h1>
        {filter === "" ? "No log record in this range" : "No log record of this range passes the filter"}
      </h1>
      {filter === "" ? null : <code>{cell(filter)}</code>}
      <LastSeen what="log record" last={last} />
      {filter === "" ? (
        <p>
          Go3s takes logs by OTLP, and writes one record per TCP connection that opens or closes (
          <code>tcp.connect</code>, <code>tcp.close</code>).
        </p>
      ) : (
        <button type="button" class="button" onClick={() => setParams({ q: undefined })}>
          Show all logs
        </button>
      )}
    </div>
  );
}

const columns: readonly Column<LogRow>[] = [
  {
    id: "time",
    title: "Time",
    track: "minmax(92px, auto)",
    cell: (row) => (
      <span class="dim">
        <Moment ns={row.timestamp_ns} />
      </span>
    ),
  },
  {
    id: "level",
    title: "Level",
    track: "54px",
    cell: (row) => <span class={`level-${row.level}`}>{row.level || "–"}</span>,
  },
  {
    id: "service",
    title: "Service",
    track: "minmax(80px, 150px)",
    from: 620,
    cell: (row) => <Service name={row.service_name} />,
  },
  {
    id: "body",
    title: "Line",
    track: "minmax(0, 1fr)",
    cell: (row) => (
      <span class="log-body">
        {row.event_name === "" ? null : <strong>{cell(row.event_name, 60)} </strong>}
        {cell(tcpLine(row) ?? (row.body === "" ? attributesLine(row) : row.body))}
        {row.duration_ns === undefined ? null : <span class="dim"> {durationText(row.duration_ns)}</span>}
      </span>
    ),
  },
  {
    id: "trace",
    title: "",
    track: "44px",
    from: 520,
    cell: (row) =>
      row.trace_id === "" ? null : (
        <a class="over" href={linkTo(`/traces/${row.trace_id}`, { span: row.span_id })}>
          trace
        </a>
      ),
  },
];

const attributesLine = (row: LogRow): string =>
  Object.entries(row.attributes)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");

// Rows kept while paging back; more is what SQL is for.
const most = 20_000;

function Lines({ data, filter }: { data: LogsAnswer; filter: string }): JSX.Element {
  const [shown, setShown] = useState<readonly LogRow[]>(data.rows);
  const [older, setOlder] = useState(data.more);
  const [top, setTop] = useState(true);
  const loading = useRef(false);
  const selected = param("selected");
  const newest = shown[0]?.cursor;
  const fresh = newest === undefined ? data.rows.length : data.rows.findIndex((row) => row.cursor === newest);
  const waiting = fresh < 0 ? data.rows.length : fresh;

  const join = () => {
    if (fresh < 0) {
      setShown(data.rows);
      setOlder(data.more);
    } else setShown([...data.rows.slice(0, fresh), ...shown]);
  };
  useEffect(() => {
    if (waiting > 0 && top && selected === "" && live.value) join();
  }, [data]);

  const more = () => {
    const last = shown[shown.length - 1];
    if (loading.current || !older || last === undefined || shown.length >= most) return;
    loading.current = true;
    get<LogsAnswer>(
      apiUrl("logs", { filter, limit, spans: param("spans"), before: last.cursor, ...range.value }),
    )
      .then((answer) => {
        setShown((rows) => [...rows, ...answer.rows]);
        setOlder(answer.more);
      })
      .catch(() => setOlder(false))
      .finally(() => {
        loading.current = false;
      });
  };
  const chosen = shown.find((row) => row.cursor === selected);
  return (
    <>
      <div class="strip">
        <strong>
          {plural(
            shown.length,
            param("spans") === "1" ? "line and span" : "line",
            param("spans") === "1" ? "lines and spans" : "lines",
          )}
        </strong>
        <span class="dim">
          {older ? "shown, newest first; more below" : "newest first"}
          {waiting > 0 ? "" : live.value ? "; following" : ""}
        </span>
        <span class="grow" />
        <ShowAsSql signal="logs" filter={filter} />
      </div>
      <div class="list held-box">
        {waiting > 0 && !(top && selected === "" && live.value) ? (
          <button type="button" class="button primary held" onClick={join}>
            {fresh < 0 ? `${waiting}+` : waiting} new
          </button>
        ) : null}
        <Table
          label="Log lines"
          columns={columns}
          rows={shown}
          rowKey={(row) => row.cursor}
          open={(row) => () => setParams({ selected: row.cursor }, selected === "" ? "push" : "replace")}
          chosen={selected}
          rowClass={(row) => `lv-${row.level}`}
          rowHeight={24}
          fill
          keys
          onEnd={more}
          onTop={setTop}
        />
        {chosen === undefined ? null : (
          <Line row={chosen} filter={filter} onClose={() => setParams({ selected: undefined })} />
        )}
      </div>
    </>
  );
}

function Line({ row, filter, onClose }: { row: LogRow; filter: string; onClose: () => void }): JSX.Element {
  const context = {
    q: `service:${JSON.stringify(row.service_name)}`,
    from: String(Number(row.timestamp_ns.slice(0, -6)) - 5000),
    to: String(Number(row.timestamp_ns.slice(0, -6)) + 5000),
  };
  return (
    <Drawer
      label={row.duration_ns === undefined ? "Log line" : "Span"}
      onClose={onClose}
      title={
        <>
          <Service name={row.service_name} />
          <div class="row dim">
            <span class={`level-${row.level}`}>{row.level || "no level"}</span>
            <Moment ns={row.timestamp_ns} />
          </div>
        </>
      }
    >
      <pre>{block(foldedJson(row.body) ?? row.body)}</pre>
      <p class="row wrap">
        <button type="button" class="button" onClick={() => copy(row.body)}>
          Copy the line
        </button>
        <a class="button" href={linkTo("/logs", context)}>
          5 s around it
        </a>
        {row.trace_id === "" ? null : (
          <a class="button" href={linkTo(`/traces/${row.trace_id}`, { span: row.span_id })}>
            Its trace
          </a>
        )}
      </p>
      <AttributeList
        title="Attributes"
        of={row.attributes}
        onFilter={(term) => setParams({ q: withTerm(filter, term), selected: undefined })}
      />
    </Drawer>
  );
}
