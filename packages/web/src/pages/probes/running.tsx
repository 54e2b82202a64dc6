import type { AgentStatus, ProbeRun } from "@go3s/server";
import type { JSX } from "preact";
import { linkTo } from "../../base/address.js";
import { countText, figureText, plural, shareFigure } from "../../base/number.js";
import { zone } from "../../base/settings.js";
import { clockText, durationText, unixMs } from "../../base/time.js";
import { type Column, Table } from "../../widgets/table.js";

const ends: Readonly<Record<string, string>> = {
  time: "its time was over",
  stopped: "stopped",
  page: "nobody looked any more",
  itself: "ended by itself",
  server: "the server stopped",
};

/** endText says how a run ended. */
export const endText = (run: ProbeRun): string =>
  run.state === "failed" ? "failed" : (ends[run.ended_by] ?? run.ended_by);

const runs = (run: ProbeRun): number => run.costs.reduce((sum, cost) => sum + cost.runs, 0);
const spent = (run: ProbeRun): number => run.costs.reduce((sum, cost) => sum + cost.ns, 0);

/** Running lists what the page runs and ran, with what it costs, and says what the agent runs beside it. */
export function Running({
  of,
  agent,
  chosen,
  onStop,
  onWatch,
}: {
  of: readonly ProbeRun[];
  agent: AgentStatus | undefined;
  chosen: string;
  onStop: (id: string) => void;
  onWatch: (id: string) => void;
}): JSX.Element {
  const columns: readonly Column<ProbeRun>[] = [
    {
      id: "title",
      title: "Probe",
      track: "minmax(120px, 1fr)",
      cell: (run) => (
        <button
          type="button"
          class="linklike cut"
          aria-current={run.id === chosen}
          onClick={() => onWatch(run.id)}
        >
          {run.title}
        </button>
      ),
    },
    {
      id: "target",
      title: "Target",
      track: "90px",
      from: 560,
      cell: ({ pid }) => (pid === null ? <span class="dim">everything</span> : `pid ${pid}`),
    },
    {
      id: "since",
      title: "Began",
      track: "80px",
      from: 640,
      cell: ({ started_ms }) => clockText(unixMs(started_ms), zone.value, 0),
    },
    { id: "events", title: "Events", track: "84px", end: true, cell: (run) => countText(runs(run)) },
    {
      id: "spent",
      title: "Time in it",
      track: "84px",
      end: true,
      from: 480,
      hint: "What the kernel counted of all its programs together",
      cell: (run) => durationText(spent(run)),
    },
    {
      id: "share",
      title: "Of a CPU",
      track: "76px",
      end: true,
      cell: ({ cpu_share }) =>
        cpu_share === null ? <span class="none">–</span> : figureText(shareFigure(cpu_share)),
    },
    {
      id: "state",
      title: "State",
      track: "minmax(92px, 150px)",
      cell: (run) =>
        run.ended_ms === null ? (
          <button type="button" class="button small" onClick={() => onStop(run.id)}>
            Stop
          </button>
        ) : (
          <span class={run.state === "failed" ? "bad" : "dim"}>{endText(run)}</span>
        ),
    },
  ];
  return (
    <section aria-label="What runs now" class="running">
      <div class="head">
        <h2>What runs now</h2>
        <span class="dim">
          {plural(of.filter((run) => run.ended_ms === null).length, "probe")} of this page
          {agent === undefined || agent.state === "off"
            ? ""
            : `; the agent has ${plural(agent.probes, "probe")}${agent.cpu_share === null ? "" : ` for ${figureText(shareFigure(agent.cpu_share))} of a CPU`}`}
        </span>
        <span class="grow" />
        <a href={linkTo("/system")}>What each of the agent's costs</a>
      </div>
      {of.length === 0 ? (
        <p class="dim pad">Nothing was run from here yet.</p>
      ) : (
        <Table label="Runs" columns={columns} rows={of} rowKey={({ id }) => id} />
      )}
    </section>
  );
}
