import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import "../../styles/metrics.css";
import { linkTo, param, range, setParams } from "../../base/address.js";
import { useAnswer } from "../../base/answers.js";
import { countText } from "../../base/number.js";
import { resolve } from "../../base/range.js";
import { zone } from "../../base/settings.js";
import { clockText, unixMs } from "../../base/time.js";
import { useActions } from "../../base/use-actions.js";
import type { EditorHandle } from "../../widgets/editor/editor.js";
import type { Dot, Hover } from "../../widgets/plot.js";
import { Plot } from "../../widgets/plot.js";
import { Loading } from "../../widgets/region.js";
import { during, type Metadata, promUrl, type Success } from "./answers.js";
import { completePromql } from "./completion.js";
import { InstantTable } from "./instant-table.js";
import { Legend } from "./legend.js";
import { MetricList } from "./metric-list.js";
import { QueryRow } from "./query-row.js";
import { formatOf, linesOf, plotSeries, questionFor, timeGrid } from "./series.js";
import {
  putQueries,
  queriesMost,
  queriesOf,
  type Result,
  stepOf,
  useGrid,
  useResults,
} from "./use-queries.js";

const drawnMost = 100;
const dotsMost = 400;
const noMetadata: Metadata = {};

/** View is the metrics explorer: names on the left, queries above, one plot or table of all of them. */
export function View(): JSX.Element {
  const linked = queriesOf();
  const key = linked.join("\u0000");
  const [texts, setTexts] = useState<readonly string[]>(linked.length === 0 ? [""] : linked);
  const [listShown, setListShown] = useState(false);
  const first = useRef<EditorHandle>(null);
  const as = param("as") === "table" ? "table" : "plot";
  const withDots = param("exemplars") !== "off";
  const grid = useGrid();
  const { results, loading } = useResults(linked, grid, as, withDots);

  // Names change rarely: they are asked for by the range's hour, not by every step that time takes.
  const span = resolve(range.value);
  const hour = `${Math.floor(span.from / 3_600_000)} ${Math.floor(span.to / 300_000)}`;
  const wide = useMemo(() => during(span), [hour]);
  const found = useAnswer<Success<readonly string[]>>(promUrl("label/__name__/values", wide));
  const about = useAnswer<Success<Metadata>>(promUrl("metadata", wide));
  const names = found.data?.data;
  const metadata = about.data?.data ?? noMetadata;

  useEffect(() => setTexts(linked.length === 0 ? [""] : linked), [key]);
  const run = (next: readonly string[] = texts) => putQueries(next.map((text) => text.trim()));
  const change = (at: number, text: string) =>
    setTexts((all) => all.map((old, i) => (i === at ? text : old)));
  const pick = (name: string, type: string) => {
    const question = questionFor(name, type);
    const kept = texts.filter((text) => text.trim() !== "");
    setListShown(false);
    run(kept.length < 2 ? [question] : [...kept.slice(0, -1), question]);
  };
  useActions([
    {
      id: "metrics-edit",
      title: "Edit the first query",
      section: "Metrics",
      keys: "i",
      run: () => first.current?.focus(),
    },
    {
      id: "metrics-find",
      title: "Find a metric",
      section: "Metrics",
      keys: "f",
      run: () => {
        setListShown(true);
        document.getElementById("metric-find")?.focus();
      },
    },
    {
      id: "metrics-table",
      title: "Plot or table",
      section: "Metrics",
      keys: "v",
      run: () => setParams({ as: as === "table" ? undefined : "table" }, "replace"),
    },
  ]);

  return (
    <div class={`metrics${listShown ? " listed" : ""}`}>
      <MetricList names={names} metadata={metadata} error={found.error} onPick={pick} />
      <div class="list">
        <div class="queries">
          {texts.map((text, at) => (
            <QueryRow
              key={at}
              at={at}
              text={text}
              result={results.find((result) => result.query === text.trim())}
              {...(at === 0 ? { handle: first } : {})}
              onChange={(next) => change(at, next)}
              onRun={() => run()}
              onRemove={texts.length === 1 ? undefined : () => run(texts.filter((_, i) => i !== at))}
              complete={(all, place, explicit) =>
                completePromql(all, place, explicit, resolve(range.peek()), names ?? [], metadata)
              }
            />
          ))}
          <div class="row wrap">
            <button type="button" class="button primary" onClick={() => run()}>
              Run <kbd>Enter</kbd>
            </button>
            <button
              type="button"
              class="button"
              disabled={texts.length >= queriesMost || texts.some((text) => text.trim() === "")}
              onClick={() => setTexts([...texts, ""])}
            >
              Add a query
            </button>
            <button
              type="button"
              class="button only-narrow"
              aria-pressed={listShown}
              onClick={() => setListShown(!listShown)}
            >
              Metrics
            </button>
            <span class="grow" />
            <Options as={as} dots={withDots} step={grid.step} />
          </div>
        </div>
        {linked.length === 0 ? (
          <Empty names={names} onPick={pick} metadata={metadata} />
        ) : as === "table" ? (
          <div class={`list${loading ? " stale" : ""}`}>
            <InstantTable
              results={results}
              order={param("sort")}
              onOrder={(sort) => setParams({ sort }, "replace")}
            />
          </div>
        ) : (
          <Drawn results={results} loading={loading} />
        )}
      </div>
    </div>
  );
}

function Options({ as, dots, step }: { as: "plot" | "table"; dots: boolean; step: number }): JSX.Element {
  const asked = param("step");
  const wrong = asked !== "" && stepOf(asked) === 0;
  return (
    <>
      {as === "table" ? null : (
        <>
          <label class="row dim">
            step
            <input
              class={`input step${wrong ? " wrong" : ""}`}
              value={asked}
              placeholder={`${step}s`}
              aria-label="Step, such as 30s or 5m; empty chooses by itself"
              aria-invalid={wrong}
              onChange={(event) => setParams({ step: event.currentTarget.value.trim() }, "replace")}
            />
          </label>
          <button
            type="button"
            class="button"
            aria-pressed={dots}
            title="Examples that were recorded with the points, each a trace"
            onClick={() => setParams({ exemplars: dots ? "off" : undefined }, "replace")}
          >
            Exemplars
          </button>
        </>
      )}
      <div class="row" role="group" aria-label="Show as">
        <button
          type="button"
          class="button"
          aria-pressed={as === "plot"}
          onClick={() => setParams({ as: undefined }, "replace")}
        >
          Plot
        </button>
        <button
          type="button"
          class="button"
          aria-pressed={as === "table"}
          onClick={() => setParams({ as: "table" }, "replace")}
        >
          Table
        </button>
      </div>
    </>
  );
}

/** dotsOf gives the exemplars that have a trace. */
function dotsOf(results: readonly Result[], format: (value: number) => string): readonly Dot[] {
  return results
    .flatMap(({ exemplars }) => exemplars.flatMap((series) => series.exemplars))
    .flatMap(({ labels, value, timestamp }) => {
      const trace = labels["trace_id"] ?? "";
      if (!/^[0-9a-f]{32}$/.test(trace)) return [];
      const span = labels["span_id"] ?? "";
      return [
        {
          ms: timestamp * 1000,
          value: Number(value),
          title: `${format(Number(value))}, trace ${trace}`,
          href: linkTo(`/traces/${trace}`, /^[0-9a-f]{16}$/.test(span) ? { span } : {}),
        },
      ];
    })
    .slice(-dotsMost);
}

function Drawn({ results, loading }: { results: readonly Result[]; loading: boolean }): JSX.Element {
  const [hover, setHover] = useState<Hover | undefined>(undefined);
  const [alone, setAlone] = useState("");
  const find = param("legend");
  const grid = results[0]?.grid;
  const format = useMemo(() => formatOf(results.map((result) => result.query).join("\n")), [results]);
  const times = useMemo(() => (grid === undefined ? [] : timeGrid(grid.from, grid.to, grid.step)), [grid]);
  const lines = useMemo(
    () =>
      results.flatMap(({ matrix, grid: { from, step } }, at) =>
        matrix === undefined ? [] : linesOf(matrix, at, from, step, times.length),
      ),
    [results, times],
  );
  const words = find.toLowerCase().split(/\s+/);
  const matching = useMemo(
    () => lines.filter((line) => words.every((word) => line.name.toLowerCase().includes(word))),
    [lines, find],
  );
  const drawn = useMemo(() => {
    const chosen = alone === "" ? matching : matching.filter((line) => line.id === alone);
    const most = [...chosen].sort((a, b) => b.most - a.most).slice(0, drawnMost);
    const kept = new Set(most);
    return matching.flatMap((line, place) =>
      kept.has(line) ? [{ line, look: plotSeries(line, place) }] : [],
    );
  }, [matching, alone]);
  const series = useMemo(() => drawn.map(({ look }) => look), [drawn]);
  const dots = useMemo(() => dotsOf(results, format), [results, format]);
  const places = useMemo(() => new Map(drawn.map(({ line }, place) => [line.id, place])), [drawn]);
  if (grid === undefined) return <Loading what="series" />;
  if (lines.length === 0) {
    if (results.some((result) => result.error !== undefined)) return <div class="note" />;
    return (
      <div class="note">
        <h2>No series has a point in this range</h2>
        <p>
          The queries are right, but nothing fits them here. A longer range, or fewer labels, may find some.
        </p>
      </div>
    );
  }
  return (
    <div class={`list${loading ? " stale" : ""}`} aria-busy={loading}>
      <div class="pad">
        <Plot
          title={
            hover === undefined
              ? `${countText(drawn.length)} of ${countText(lines.length)} series`
              : clockText(hover.ms, zone.value, 0)
          }
          times={times}
          series={series}
          height={300}
          format={format}
          keys={false}
          dots={dots}
          onHover={setHover}
        />
      </div>
      <div class="strip">
        <input
          class="input"
          type="search"
          placeholder="Filter series"
          aria-label="Filter series"
          value={find}
          onInput={(event) => setParams({ legend: event.currentTarget.value }, "replace")}
        />
        <span class="dim" role="status">
          {matching.length > drawnMost && alone === ""
            ? `the ${drawnMost} largest of ${countText(matching.length)} are drawn`
            : ""}
        </span>
        {alone === "" ? null : (
          <button type="button" class="button" onClick={() => setAlone("")}>
            Show all
          </button>
        )}
        <span class="grow" />
        {dots.length === 0 ? null : <Examples dots={dots} format={format} />}
      </div>
      <Legend
        entries={matching.map((line) => {
          const place = places.get(line.id);
          return {
            line,
            look: place === undefined ? undefined : drawn[place]?.look,
            under: place === undefined ? undefined : hover?.values[place],
          };
        })}
        format={format}
        alone={alone}
        onAlone={setAlone}
      />
    </div>
  );
}

/** Examples is the dots as a list, for keyboards and readers: the slowest first. */
function Examples({
  dots,
  format,
}: {
  dots: readonly Dot[];
  format: (value: number) => string;
}): JSX.Element {
  const slowest = [...dots].sort((a, b) => b.value - a.value).slice(0, 30);
  return (
    <details class="examples">
      <summary>{countText(dots.length)} exemplars</summary>
      <ol class="float">
        {slowest.map((dot) => (
          <li key={`${dot.ms} ${dot.href}`}>
            <a href={dot.href}>
              {clockText(unixMs(dot.ms), zone.value)} · {format(dot.value)}
            </a>
          </li>
        ))}
      </ol>
    </details>
  );
}

function Empty({
  names,
  metadata,
  onPick,
}: {
  names: readonly string[] | undefined;
  metadata: Metadata;
  onPick: (name: string, type: string) => void;
}): JSX.Element {
  if (names === undefined) return <Loading what="metrics" />;
  if (names.length === 0) {
    return (
      <div class="note">
        <h2>No metric has a point in this range</h2>
        <p>
          They come by OTLP, by Prometheus' remote write, or are scraped:{" "}
          <code>go3s up --scrape prometheus.yml</code>. A longer range may have some.
        </p>
      </div>
    );
  }
  const liked = names.filter((name) => /_bucket$|_total$|_bytes$/.test(name)).slice(0, 6);
  return (
    <div class="note">
      <h2>Pick a metric, or write PromQL</h2>
      <p class="dim">
        Every metric of the range is in the list; it starts with the question that is mostly asked of its
        type.
      </p>
      <div class="row wrap">
        {(liked.length === 0 ? names.slice(0, 6) : liked).map((name) => (
          <button
            key={name}
            type="button"
            class="button"
            onClick={() => onPick(name, metadata[name]?.[0]?.type ?? "")}
          >
            {name}
          </button>
        ))}
      </div>
    </div>
  );
}
