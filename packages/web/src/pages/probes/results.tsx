import type { ProbeRow } from "@go3s/server";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { countText, plural } from "../../base/number.js";
import { block, cell } from "../../base/text.js";
import { type Column, Table } from "../../widgets/table.js";
import { boundText, type Line, type ProbeEvent, type ProbeMap, type Told } from "./told.js";

/** Results shows what a run told: maps as tables or histograms, events as tables, text as a log. */
export function Results({ told }: { told: Told }): JSX.Element {
  return (
    <div class="results">
      {[...told.maps.values()].map((map) => (
        <section key={map.name} aria-label={`Map ${map.name}`}>
          <div class="head">
            <h2 class="mono">{map.name}</h2>
            <span class="dim">
              {plural(map.rows.length, "key")}
              {map.more === 0 ? "" : `, ${countText(map.more)} more`}
            </span>
          </div>
          {map.shape === "histogram" ? <Histograms map={map} /> : <Values map={map} />}
        </section>
      ))}
      {[...told.events].map(([type, events]) => (
        <section key={type} aria-label={`Events ${type}`}>
          <div class="head">
            <h2 class="mono">{type}</h2>
            <span class="dim">{plural(events.length, "event")}, newest first</span>
          </div>
          <Events label={type} of={events} />
        </section>
      ))}
      {told.lines.length === 0 ? null : <Log lines={told.lines} />}
    </div>
  );
}

/** keyText takes the indentation of stacks away, and the comma behind one that is empty. */
const keyText = (key: string): string =>
  key
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n")
    .replace(/^,\s*/, "");

function Values({ map }: { map: ProbeMap }): JSX.Element {
  const most = Math.max(1, ...map.rows.map(({ value }) => Number(value) || 0));
  const columns: readonly Column<ProbeRow>[] = [
    {
      id: "key",
      title: "Key",
      track: "minmax(120px, 1fr)",
      cell: ({ key }) => <pre class="key">{block(keyText(key), 2_000) || "(no key)"}</pre>,
    },
    {
      id: "bar",
      title: "",
      track: "minmax(60px, 200px)",
      from: 480,
      cell: ({ value }) => (
        <i class="part" aria-hidden="true" style={{ width: `${(100 * (Number(value) || 0)) / most}%` }} />
      ),
    },
    {
      id: "value",
      title: "Value",
      track: "minmax(80px, max-content)",
      end: true,
      cell: ({ value }) => (typeof value === "number" ? countText(value) : cell(value, 200)),
    },
  ];
  return (
    <Table label={`Values of ${map.name}`} columns={columns} rows={map.rows} rowKey={({ key }) => key} />
  );
}

/** Histograms draws one as bars; several as rows of a heat map on common buckets, so that they compare at a glance. */
function Histograms({ map }: { map: ProbeMap }): JSX.Element {
  const [only] = map.rows;
  if (map.rows.length === 1 && only !== undefined) return <Bars row={only} />;
  const bounds = new Map<number, string>();
  for (const { buckets = [] } of map.rows)
    for (const { min, max } of buckets) bounds.set(min ?? Number.NEGATIVE_INFINITY, rangeText(min, max));
  const starts = [...bounds.keys()].sort((a, b) => a - b);
  return (
    <div class="heat-box">
      <table class="heat">
        <caption class="readers">Histograms of {map.name} by key</caption>
        <thead>
          <tr>
            <th scope="col">Key</th>
            {starts.map((start) => (
              <th key={start} scope="col" title={bounds.get(start)}>
                {boundText(Number.isFinite(start) ? start : null) || "<0"}
              </th>
            ))}
            <th scope="col">Count</th>
          </tr>
        </thead>
        <tbody>
          {map.rows.map((row) => {
            const most = Math.max(1, ...(row.buckets ?? []).map(({ count }) => count));
            return (
              <tr key={row.key}>
                <th scope="row" title={cell(row.key)}>
                  {cell(row.key, 80) || "(no key)"}
                </th>
                {starts.map((start) => {
                  const found = row.buckets?.find(({ min }) => (min ?? Number.NEGATIVE_INFINITY) === start);
                  const count = found?.count ?? 0;
                  const level = count === 0 ? 0 : Math.max(1, Math.ceil((count / most) * 5));
                  return (
                    <td
                      key={start}
                      class={`level-${level}`}
                      title={`${bounds.get(start)}: ${countText(count)}`}
                    >
                      {count === 0 ? "" : count >= 1e4 ? `${Math.round(count / 1e3)}k` : count}
                    </td>
                  );
                })}
                <td class="sum">{typeof row.value === "number" ? countText(row.value) : row.value}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const rangeText = (min: number | null, max: number | null): string =>
  min === null
    ? `below ${boundText(max)}`
    : max === null
      ? `${boundText(min)} and above`
      : `${boundText(min)} to ${boundText(max)}`;

function Bars({ row }: { row: ProbeRow }): JSX.Element {
  const { buckets = [] } = row;
  const most = Math.max(1, ...buckets.map(({ count }) => count));
  return (
    <table class="bars-of">
      <caption class="dim">
        {row.key === "" ? "" : `${cell(row.key, 200)}: `}
        {typeof row.value === "number" ? countText(row.value) : row.value} in all
      </caption>
      <tbody>
        {buckets.map((bucket) => (
          <tr key={`${bucket.min} ${bucket.max}`}>
            <th scope="row">{rangeText(bucket.min, bucket.max)}</th>
            <td class="sum">{countText(bucket.count)}</td>
            <td class="wide">
              <i class="part" aria-hidden="true" style={{ width: `${(100 * bucket.count) / most}%` }} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const shownEvents = 500;

function Events({ label, of }: { label: string; of: readonly ProbeEvent[] }): JSX.Element {
  const names = Object.keys(of.at(-1)?.fields ?? {});
  const columns = names.map(
    (name): Column<ProbeEvent> => ({
      id: name,
      title: name,
      track: "minmax(64px, 1fr)",
      end: typeof of.at(-1)?.fields[name] === "number",
      cell: ({ fields }) => <span class="mono cut">{cell(String(fields[name] ?? ""), 400)}</span>,
    }),
  );
  const rows = of.slice(-shownEvents).reverse();
  return (
    <Table
      label={`Events of ${label}`}
      columns={columns}
      rows={rows}
      rowKey={({ at }) => String(at)}
      minWidth={names.length * 90}
    />
  );
}

const shownLines = 1_000;

/** Log follows the newest line while it is in view, and stays where someone reads further up. */
function Log({ lines }: { lines: readonly Line[] }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const last = lines.at(-1)?.at;
  useLayoutEffect(() => {
    const element = box.current;
    if (element !== null && follows.current) element.scrollTop = element.scrollHeight;
  }, [last]);
  const shown = lines.slice(-shownLines);
  return (
    <section aria-label="Output">
      <div class="head">
        <h2>Output</h2>
        <span class="dim">
          {plural(lines.length, "line")}
          {lines.length > shown.length ? `, the last ${countText(shown.length)} shown` : ""}
        </span>
        <span class="grow" />
        <button
          type="button"
          class="button"
          onClick={() =>
            void navigator.clipboard
              ?.writeText(lines.map(({ text }) => text).join("\n"))
              .catch(() => undefined)
          }
        >
          Copy
        </button>
      </div>
      <div
        ref={box}
        class="probe-log"
        role="log"
        aria-label="Output of the probe"
        aria-live="off"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (axe: scrollable-region-focusable)
        tabIndex={0}
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          follows.current = scrollHeight - scrollTop - clientHeight < 30;
        }}
      >
        {shown.map((line) => (
          <div key={line.at} class={line.kind}>
            {block(line.text, 4_000) || " "}
          </div>
        ))}
      </div>
    </section>
  );
}
