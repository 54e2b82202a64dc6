import type { PatternRow, PatternsAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { param, range, setParams } from "../../base/address.js";
import { useAnswer } from "../../base/answers.js";
import { apiUrl } from "../../base/api.js";
import { countText, plural } from "../../base/number.js";
import { cell } from "../../base/text.js";
import { unixMs } from "../../base/time.js";
import { withTerm } from "../../panels/facets.js";
import { patternFilter } from "../../panels/pattern-filter.js";
import { Moment, Service } from "../../widgets/figure.js";
import { Region } from "../../widgets/region.js";
import { Sparkline } from "../../widgets/sparkline.js";
import { type Column, ordered, Table } from "../../widgets/table.js";

/** novelty is how many times as many there are as in as long a time before; Infinity for what was never there. */
const novelty = (row: PatternRow): number =>
  row.before === 0 ? Number.POSITIVE_INFINITY : row.count / row.before;

function noveltyText(row: PatternRow): string {
  if (row.before === 0) return "new";
  const times = novelty(row);
  if (times >= 1.5) return `${times >= 10 ? Math.round(times) : times.toFixed(1)}×`;
  return times <= 0.67 ? `${Math.round(times * 100)} %` : "as before";
}

const columns: readonly Column<PatternRow>[] = [
  {
    id: "template",
    title: "Form",
    track: "minmax(0, 1fr)",
    sort: (row) => row.template,
    cell: (row) => (
      <span class="log-body" title={cell(row.example, 1000)}>
        {cell(row.template, 300)}
      </span>
    ),
  },
  {
    id: "count",
    title: "Lines",
    track: "64px",
    end: true,
    sort: (row) => row.count,
    cell: (row) => countText(row.count),
  },
  {
    id: "new",
    title: "Before",
    track: "72px",
    end: true,
    hint: "against as long a time before the range",
    sort: novelty,
    cell: (row) => (
      <span class={row.before === 0 ? "" : "dim"} title={`${countText(row.before)} in as long a time before`}>
        {row.before === 0 ? <strong>new</strong> : noveltyText(row)}
      </span>
    ),
  },
  {
    id: "series",
    title: "Over time",
    track: "minmax(70px, 120px)",
    from: 620,
    cell: (row) => <Sparkline values={row.series} label="lines over the range" />,
  },
  {
    id: "level",
    title: "Level",
    track: "54px",
    from: 520,
    sort: (row) => row.level,
    cell: (row) => <span class={`level-${row.level}`}>{row.level || "–"}</span>,
  },
  {
    id: "services",
    title: "Service",
    track: "minmax(80px, 150px)",
    from: 760,
    sort: (row) => row.services.join(),
    cell: (row) => (
      <>
        <Service name={row.services[0] ?? ""} />
        {row.services.length > 1 ? <span class="dim"> +{row.services.length - 1}</span> : null}
      </>
    ),
  },
  {
    id: "first",
    title: "First",
    track: "minmax(70px, auto)",
    from: 860,
    sort: (row) => row.first_ms,
    cell: (row) => (
      <span class="dim">
        <Moment ms={unixMs(row.first_ms)} digits={0} />
      </span>
    ),
  },
];

/** Patterns lists the forms of the lines that pass the filter; opening one narrows to its lines. */
export function Patterns({ filter }: { filter: string }): JSX.Element {
  const answer = useAnswer<PatternsAnswer>(apiUrl("logs/patterns", { filter, ...range.value }), true);
  const order = param("sort") || "-count";
  return (
    <Region answer={answer} what="forms of log lines" rows={10}>
      {(data) =>
        data.patterns.length === 0 ? (
          <p class="pad">No line with text in this range passes the filter.</p>
        ) : (
          <>
            <p class="pad dim">
              {plural(data.patterns.length, "form")}
              {data.more ? " shown of more" : ""} of {plural(data.total, "line")}; numbers and ids are #, what
              is quoted is …
            </p>
            <Table
              label="Forms of log lines"
              columns={columns}
              rows={ordered(data.patterns, columns, order)}
              rowKey={(row) => row.template}
              open={(row) => () =>
                setParams({
                  q: withTerm(filter, patternFilter(row.template)),
                  as: undefined,
                  sort: undefined,
                })
              }
              order={order}
              onOrder={(next) => setParams({ sort: next === "-count" ? undefined : next })}
              rowHeight={24}
              fill
              keys
            />
          </>
        )
      }
    </Region>
  );
}
