import type { DropCount, SamplingStatus } from "@go3s/server";
import type { JSX } from "preact";
import { countFigure, countText, plural, shareFigure } from "../../base/number.js";
import { cell } from "../../base/text.js";
import { durationText } from "../../base/time.js";
import { Bytes, Fig } from "../../widgets/figure.js";
import { type Column, Table } from "../../widgets/table.js";

const dropColumns: readonly Column<DropCount>[] = [
  {
    id: "reason",
    title: "Reason",
    track: "minmax(110px, 1.3fr)",
    cell: (row) => <span title={cell(row.reason)}>{cell(row.reason)}</span>,
  },
  { id: "place", title: "Where", track: "minmax(56px, 0.6fr)", from: 480, cell: (row) => row.place },
  {
    id: "count",
    title: "Lost or refused",
    track: "minmax(104px, 0.8fr)",
    end: true,
    cell: (row) => (
      <span class="warn">
        <Fig of={countFigure(row.count)} exact={countText(row.count)} /> {row.unit}
      </span>
    ),
  },
  {
    id: "fix",
    title: "What to do",
    track: "minmax(120px, 4fr)",
    cell: (row) => <span title={row.fix}>{row.fix ?? "–"}</span>,
  },
];

/** Drops is what was lost or refused, by reason, with what to do about it. */
export function Drops({ of }: { of: readonly DropCount[] }): JSX.Element {
  return (
    <section aria-label="Drops">
      <div class="head">
        <h2>Lost or refused</h2>
        <span class="dim">{of.length === 0 ? "nothing since the start" : "since the start, by reason"}</span>
      </div>
      {of.length === 0 ? null : (
        <div class="tall-rows">
          <Table
            label="Drops by reason"
            columns={dropColumns}
            rows={of}
            rowKey={(row) => `${row.place} ${row.reason} ${row.unit}`}
          />
        </div>
      )}
    </section>
  );
}

const why: Readonly<Record<string, string>> = {
  "kept ratio": "by their trace's id",
  "kept error": "an error",
  "kept slow": "slow",
  "kept critical": "marked critical",
  "kept trace": "of a trace that is kept",
  "kept no-id": "without a trace id: refused and told",
  "dropped ratio": "nothing of their trace asked for it",
  "dropped evicted": "decided before their time: too much was waiting",
  "dropped invalid": "could not be decoded",
};

interface Decision {
  readonly verdict: "kept" | "dropped";
  readonly reason: string;
  readonly spans: number;
}

const decisionColumns: readonly Column<Decision>[] = [
  {
    id: "verdict",
    title: "Verdict",
    track: "80px",
    cell: ({ verdict }) =>
      verdict === "kept" ? <span class="ok">✓ kept</span> : <span class="dim">– dropped</span>,
  },
  {
    id: "reason",
    title: "Because",
    track: "minmax(120px, 3fr)",
    cell: ({ verdict, reason }) => why[`${verdict} ${reason}`] ?? reason,
  },
  {
    id: "spans",
    title: "Spans",
    track: "minmax(80px, 1fr)",
    end: true,
    cell: ({ spans }) => countText(spans),
  },
];

/** Sampling is what is kept of spans and why. */
export function Sampling({ of }: { of: SamplingStatus | null }): JSX.Element {
  if (of === null)
    return (
      <section aria-label="Sampling">
        <div class="head">
          <h2>Sampling</h2>
          <span class="dim">
            every span is kept; <code>go3s up --sample 0.1</code> keeps a tenth, and all errors
          </span>
        </div>
      </section>
    );
  const rows: Decision[] = (["kept", "dropped"] as const).flatMap((verdict) =>
    Object.entries(of[verdict]).map(([reason, spans]) => ({ verdict, reason, spans })),
  );
  const slow = of.slow_ms > 0 ? `, those slower than ${durationText(of.slow_ms * 1e6)}` : "";
  return (
    <section aria-label="Sampling">
      <div class="head">
        <h2>Sampling</h2>
        <span class="dim">
          <Fig of={shareFigure(of.ratio)} /> of traces, and all with errors{slow};{" "}
          {plural(of.waiting.spans, "span")} (
          <Bytes of={of.waiting.bytes} />) wait for a verdict
        </span>
      </div>
      {of.failure === "" ? null : (
        <p class="pad warn">
          The last decision could not be made: {cell(of.failure)}. What waits stays on disk and is decided
          later.
        </p>
      )}
      {rows.length === 0 ? (
        <p class="pad dim">No span has come in yet.</p>
      ) : (
        <Table
          label="Sampling decisions"
          columns={decisionColumns}
          rows={rows}
          rowKey={({ verdict, reason }) => `${verdict} ${reason}`}
        />
      )}
    </section>
  );
}
