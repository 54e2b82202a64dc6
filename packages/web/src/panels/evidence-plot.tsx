import type { DiagnosisEvidence, Range } from "@go3s/server";
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { hrefOf, range } from "../base/address.js";
import { ApiError, isAbort } from "../base/api.js";
import { countFigure, figureText, shareFigure } from "../base/number.js";
import { resolve } from "../base/range.js";
import { cell } from "../base/text.js";
import { durationText, unixMs } from "../base/time.js";
import { Plot } from "../widgets/plot.js";
import { Failed } from "../widgets/region.js";
import { rowAt } from "./sql-rows.js";
import { type Ran, runSql } from "./sql-run.js";
import { plotOf, type SqlPlot } from "./sql-shape.js";

const formats = {
  ns: durationText,
  share: (value: number) => figureText(shareFigure(value)),
  number: (value: number) => figureText(countFigure(value)),
} as const;

const meaning = ["accent", "text", "dim"] as const;
const dashes = [undefined, "dash", "dots"] as const;

// A line that never rises above this share of the highest says nothing beside it.
const leastHeight = 0.02;

const heightOf = (series: SqlPlot["series"][number]): number =>
  Math.max(0, ...series.values.map((value) => value ?? 0));

/** toldApart leaves out lines at the ground of many, and gives few the page's own colours, each with a dash of its own. */
function toldApart(plot: SqlPlot): SqlPlot {
  const highest = Math.max(...plot.series.map(heightOf));
  const many = plot.series.length > meaning.length;
  const shown = plot.series.filter((series) => !many || heightOf(series) >= leastHeight * highest);
  if (shown.length > meaning.length) return { times: plot.times, series: shown };
  return {
    times: plot.times,
    series: shown.map(({ label, values }, at) => {
      const dash = dashes[at];
      return {
        label: cell(label, 40),
        values,
        colour: meaning[at] ?? "text",
        ...(dash === undefined ? {} : { dash }),
      };
    }),
  };
}

/** EvidencePlot runs a claim's statement and draws what it answers; the time that stands out is shaded. */
export function EvidencePlot({
  evidence,
  affected,
  height,
}: {
  evidence: DiagnosisEvidence;
  affected: Range | null;
  height?: number;
}): JSX.Element {
  const [ran, setRan] = useState<Ran | undefined>(undefined);
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const own = new AbortController();
    setError(undefined);
    runSql(evidence.sql, resolve(range.peek()), own.signal).then(setRan, (failure: unknown) => {
      if (isAbort(failure)) return;
      setError(
        failure instanceof ApiError
          ? failure
          : new ApiError(0, "/api/v1/query", { message: String(failure), code: "unreadable" }),
      );
    });
    return () => own.abort();
  }, [evidence.sql, tries]);
  const plot = useMemo(() => {
    if (ran === undefined) return undefined;
    const data = Array.from({ length: ran.count }, (_, at) => rowAt(ran.rows, at));
    const found = plotOf({ meta: ran.rows.meta, data, rows: ran.count });
    return found === undefined ? undefined : toldApart(found);
  }, [ran]);
  const shade = useMemo(
    () => (affected === null ? undefined : { from: unixMs(affected.from_ms), to: unixMs(affected.to_ms) }),
    [affected?.from_ms, affected?.to_ms],
  );
  return (
    <div class="evidence">
      {error !== undefined ? (
        <Failed error={error} retry={() => setTries(tries + 1)} />
      ) : plot === undefined ? (
        ran === undefined ? (
          <div class="skeleton tall" role="status" aria-label={`Loading ${evidence.title}`} />
        ) : (
          <p class="dim">{cell(evidence.title, 120)}: too few points to draw.</p>
        )
      ) : (
        <Plot
          title={cell(evidence.title, 120)}
          times={plot.times}
          series={plot.series}
          format={formats[evidence.unit]}
          {...(height === undefined ? {} : { height })}
          {...(shade === undefined ? {} : { shade })}
        />
      )}
      <a
        class="dim"
        href={hrefOf("/sql", new Map([["sql", evidence.sql]]))}
        aria-label={`SQL: ${cell(evidence.title, 120)}`}
      >
        SQL
      </a>
    </div>
  );
}
