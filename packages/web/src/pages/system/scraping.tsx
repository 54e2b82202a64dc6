import type { ScrapeTarget, ScrapeTargetsAnswer, StatusAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useAnswer } from "../../base/answers.js";
import { apiUrl } from "../../base/api.js";
import { countText, plural } from "../../base/number.js";
import { cell } from "../../base/text.js";
import { unixMs } from "../../base/time.js";
import { Ago, Duration } from "../../widgets/figure.js";
import { Region } from "../../widgets/region.js";
import { type Column, Table } from "../../widgets/table.js";

const columns: readonly Column<ScrapeTarget>[] = [
  {
    id: "state",
    title: "State",
    track: "64px",
    cell: ({ state }) =>
      state === "up" ? (
        <span class="ok">✓ up</span>
      ) : state === "down" ? (
        <span class="bad">✕ down</span>
      ) : (
        <span class="dim">– new</span>
      ),
  },
  { id: "job", title: "Job", track: "minmax(60px, 1fr)", from: 480, cell: (row) => cell(row.job, 80) },
  {
    id: "url",
    title: "Target",
    track: "minmax(120px, 2.4fr)",
    cell: (row) => <span title={cell(row.url)}>{cell(row.url, 200)}</span>,
  },
  {
    id: "error",
    title: "Why",
    track: "minmax(100px, 2.6fr)",
    cell: (row) => <span title={cell(row.error)}>{cell(row.error, 200) || "–"}</span>,
  },
  {
    id: "samples",
    title: "Samples",
    track: "minmax(70px, 0.8fr)",
    end: true,
    from: 640,
    cell: (row) => (row.samples === null ? <span class="none">–</span> : countText(row.kept ?? row.samples)),
  },
  {
    id: "took",
    title: "Took",
    track: "minmax(64px, 0.8fr)",
    end: true,
    from: 760,
    cell: (row) => <Duration ns={row.duration_ms === null ? null : row.duration_ms * 1e6} />,
  },
  {
    id: "last",
    title: "Last",
    track: "minmax(80px, 0.8fr)",
    end: true,
    from: 560,
    cell: (row) => (row.last_ms === null ? <span class="none">–</span> : <Ago ms={unixMs(row.last_ms)} />),
  },
];

const worst = { down: 0, unknown: 1, up: 2 } as const;

/** Scraping is every target of `go3s up --scrape`, those that are down first, and what gives no target at all. */
export function Scraping({ of }: { of: NonNullable<StatusAnswer["scrape"]> }): JSX.Element {
  const answer = useAnswer<ScrapeTargetsAnswer>(apiUrl("scrape/targets"));
  // The list is asked for again when its figures change, not every second.
  const figures = `${of.targets} ${of.up} ${of.down}`;
  useEffect(() => {
    if (answer.data !== undefined) answer.retry();
  }, [figures]);
  return (
    <section aria-label="Scraping">
      <div class="head">
        <h2>Scraping</h2>
        <span class={of.down > 0 ? "warn" : "dim"}>
          {plural(of.targets, "target")}, {of.down === 0 ? "all well" : `${countText(of.down)} down`}
        </span>
      </div>
      <Region answer={answer} what="Targets" rows={3}>
        {({ targets, problems }) => (
          <>
            <Table
              label="Targets"
              columns={columns}
              rows={[...targets].sort((a, b) => worst[a.state] - worst[b.state])}
              rowKey={(row) => `${row.job} ${row.url}`}
            />
            {problems.map(({ job, source, error }) => (
              <p key={`${job} ${source}`} class="pad warn">
                {cell(job, 80)}: {cell(source, 200)} gives no target: {cell(error)}
              </p>
            ))}
          </>
        )}
      </Region>
    </section>
  );
}
