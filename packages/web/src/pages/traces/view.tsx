import type { HeatAnswer, TraceRow, TracesAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { linkTo, param, range, setParams } from "../../base/address.js";
import { type Answer, useAnswer } from "../../base/answers.js";
import { apiUrl } from "../../base/api.js";
import { hueClass } from "../../base/colour.js";
import { countText, plural } from "../../base/number.js";
import { cell } from "../../base/text.js";
import { useActions } from "../../base/use-actions.js";
import { Facets } from "../../panels/facets.js";
import { FirstSteps } from "../../panels/first-steps.js";
import { QuickFilter } from "../../panels/quick-filter.js";
import { ShowAsSql } from "../../panels/show-as-sql.js";
import { DurationBar } from "../../widgets/duration-bar.js";
import { Moment, Service } from "../../widgets/figure.js";
import { Heatmap } from "../../widgets/heatmap.js";
import { Histogram } from "../../widgets/histogram.js";
import { LastSeen, Region } from "../../widgets/region.js";
import { type Column, Table } from "../../widgets/table.js";
import { isFilter } from "../../widgets/waterfall/find.js";

const pageSize = 100;
const most = 1000;

/** View is the search of traces: count over time, values beside, results as a table. */
export function View(): JSX.Element {
  const filter = param("q");
  const sort = param("sort") === "duration" ? "duration" : undefined;
  const marked = markedIds();
  const heated = param("over") === "heat";
  const heat = useAnswer<HeatAnswer>(
    heated ? apiUrl("traces/heat", { filter, ...range.value }) : undefined,
    true,
  );
  const [limit, setLimit] = useState(pageSize);
  const answer = useAnswer<TracesAnswer>(apiUrl("traces", { filter, sort, limit, ...range.value }), true);
  return (
    <div class="split">
      <Facets signal="traces" />
      <div class="list">
        <QuickFilter filter={filter} />
        <Region answer={answer} what="traces" rows={12}>
          {(data) => (
            <>
              {heated ? (
                <Heat answer={heat} filter={filter} />
              ) : (
                <Histogram data={data.histogram} what="span" />
              )}
              <div class="strip">
                <strong>{data.traces.length === 0 ? "No trace" : plural(data.traces.length, "trace")}</strong>
                <span class="dim">
                  {data.more ? "shown of more; " : ""}
                  {plural(
                    data.histogram.count.reduce((sum, value) => sum + value, 0),
                    "matching span",
                  )}
                </span>
                <span class="grow" />
                <Marked ids={marked} />
                <button
                  type="button"
                  class="button bare"
                  aria-pressed={heated}
                  title="Durations over time instead of counts"
                  onClick={() => setParams({ over: heated ? undefined : "heat" })}
                >
                  Heatmap
                </button>
                <button
                  type="button"
                  class="button bare"
                  aria-pressed={sort === undefined}
                  onClick={() => setParams({ sort: undefined })}
                >
                  Newest
                </button>
                <button
                  type="button"
                  class="button bare"
                  aria-pressed={sort === "duration"}
                  onClick={() => setParams({ sort: "duration" })}
                >
                  Slowest
                </button>
                <ShowAsSql signal="traces" filter={filter} />
              </div>
              {data.traces.length === 0 ? (
                <Nothing filter={filter} last={data.last_seen_ms} />
              ) : (
                <Results
                  rows={data.traces}
                  onEnd={() => {
                    if (data.more && limit < most && !answer.loading)
                      setLimit(Math.min(most, limit + 2 * pageSize));
                  }}
                />
              )}
            </>
          )}
        </Region>
      </div>
    </div>
  );
}

/** Heat is the matching spans by duration over time; what is under the brush becomes range and filter. */
function Heat({ answer, filter }: { answer: Answer<HeatAnswer>; filter: string }): JSX.Element {
  return (
    <Region answer={answer} what="durations over time" rows={4}>
      {(data) => (
        <Heatmap
          data={data}
          onBrush={(brush) => {
            const ns = (value: number) => `${Math.round(value)}ns`;
            setParams({
              from: String(Math.round(brush.from_ms)),
              to: String(Math.round(brush.to_ms)),
              q: withDuration(filter, `duration:${ns(brush.from_ns)}..${ns(brush.to_ns)}`),
            });
          }}
        />
      )}
    </Region>
  );
}

/** withDuration puts a term in the place of one of the same kind, so that brushing twice narrows and does not pile up. */
const withDuration = (filter: string, term: string): string =>
  `${filter.replace(/(^|\s)duration:\d+ns\.\.\d+ns(?=\s|$)/g, "")} ${term}`.trim();

/** markedIds are the traces chosen to be compared: two at most, in the address. */
const markedIds = (): readonly string[] =>
  param("mark")
    .split(",")
    .filter((id) => id !== "");

/** mark adds a trace to those that are compared, or takes it away; of three the oldest goes. */
function mark(id: string): void {
  const ids = markedIds();
  const next = ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id].slice(-2);
  setParams({ mark: next.join(",") }, "replace");
}

function Marked({ ids: [one, other] }: { ids: readonly string[] }): JSX.Element | null {
  if (one === undefined) return null;
  return (
    <span class="row" role="status">
      {other === undefined ? (
        <span class="dim">1 marked: mark another (m) to compare</span>
      ) : (
        <a class="button primary" href={linkTo(`/traces/${one}`, { as: "compare", against: other })}>
          Compare the 2 marked
        </a>
      )}
      <button type="button" class="button bare" onClick={() => setParams({ mark: undefined }, "replace")}>
        Unmark
      </button>
    </span>
  );
}

function Nothing({ filter, last }: { filter: string; last: number | null }): JSX.Element {
  if (filter === "") {
    return (
      <FirstSteps>
        <LastSeen what="span" last={last} />
      </FirstSteps>
    );
  }
  return (
    <div class="note">
      <h2>No span of this range passes the filter</h2>
      <code>{cell(filter)}</code>
      <LastSeen what="span" last={last} />
      <button type="button" class="button" onClick={() => setParams({ q: undefined })}>
        Show all traces
      </button>
    </div>
  );
}

function columnsFor(rows: readonly TraceRow[], marked: readonly string[]): readonly Column<TraceRow>[] {
  const durations = rows.map((row) => row.duration_ns);
  const shortest = Math.min(...durations);
  const longest = Math.max(...durations);
  return [
    {
      id: "root",
      title: "Trace",
      track: "minmax(150px, 3fr)",
      cell: (row) => (
        <span title={`${cell(row.root_service)} ${cell(row.root_operation)}\n${row.trace_id}`}>
          <Service name={row.root_service} /> {cell(row.root_operation, 140)}
          {row.root_missing ? <span class="tag warn">root not here</span> : null}
        </span>
      ),
    },
    { id: "start", title: "Start", track: "minmax(92px, auto)", cell: (row) => <Moment ns={row.start_ns} /> },
    {
      id: "duration",
      title: "Duration",
      track: "minmax(90px, 1.6fr)",
      cell: (row) => <DurationBar ns={row.duration_ns} shortest={shortest} longest={longest} />,
    },
    {
      id: "errors",
      title: "Errors",
      track: "52px",
      end: true,
      from: 480,
      cell: (row) =>
        row.errors === 0 ? <span class="none">0</span> : <strong class="bad">{countText(row.errors)}</strong>,
    },
    { id: "spans", title: "Spans", track: "60px", end: true, from: 600, cell: (row) => countText(row.spans) },
    {
      id: "matched",
      title: "Matched",
      track: "64px",
      end: true,
      from: 900,
      hint: "spans of the trace that pass the filter",
      cell: (row) => countText(row.matched),
    },
    {
      id: "mark",
      title: "",
      track: "28px",
      from: 480,
      hint: "mark two to compare (m)",
      cell: (row) => (
        <input
          class="over"
          type="checkbox"
          aria-label={`Mark ${cell(row.root_operation, 80)} to compare`}
          title="Mark two to compare (m)"
          checked={marked.includes(row.trace_id)}
          onChange={() => mark(row.trace_id)}
        />
      ),
    },
    {
      id: "services",
      title: "Services",
      track: "minmax(110px, 1fr)",
      from: 760,
      cell: (row) => (
        <span class="services-cell" title={row.services.map((name) => cell(name, 60)).join(", ")}>
          {row.services.slice(0, 10).map((name) => (
            <i key={name} class={hueClass(name)} aria-hidden="true" />
          ))}
          <span class="dim">
            {row.services.length === 1 ? cell(row.services[0] ?? "", 40) : row.services.length}
          </span>
        </span>
      ),
    },
  ];
}

/** carried is the filter as the trace's find takes it: words there are words of names, so only what has a key goes along. */
const carried = (filter: string): string | undefined => (isFilter(filter) ? filter : undefined);

function Results({ rows, onEnd }: { rows: readonly TraceRow[]; onEnd: () => void }): JSX.Element {
  const filter = param("q");
  useActions([
    {
      id: "mark",
      title: "Mark the trace to compare",
      section: "List",
      keys: "m",
      run() {
        const at = document.activeElement?.closest("[data-row]")?.getAttribute("data-row");
        const row = at === null || at === undefined ? undefined : rows[Number(at)];
        if (row !== undefined) mark(row.trace_id);
      },
    },
  ]);
  return (
    <Table
      label="Traces"
      columns={columnsFor(rows, markedIds())}
      rows={rows}
      rowKey={(row) => row.trace_id}
      open={(row) =>
        linkTo(
          `/traces/${row.trace_id}`,
          filter === "" ? {} : { span: row.matched_span_id, find: carried(filter) },
        )
      }
      fill
      keys
      onEnd={onEnd}
    />
  );
}
