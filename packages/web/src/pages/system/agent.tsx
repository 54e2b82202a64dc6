import type { AgentStatus, ProbeProgram, WatchedProcess } from "@go3s/server";
import type { JSX } from "preact";
import { linkTo, param, setParams } from "../../base/address.js";
import { countFigure, countText, shareFigure } from "../../base/number.js";
import { cell } from "../../base/text.js";
import { Duration, Fig, Service } from "../../widgets/figure.js";
import { type Column, ordered, Table } from "../../widgets/table.js";

interface Cost extends ProbeProgram {
  readonly share: number;
}

const programColumns: readonly Column<Cost>[] = [
  {
    id: "name",
    title: "Program",
    track: "minmax(120px, 2fr)",
    cell: (row) => <code>{cell(row.name, 60)}</code>,
  },
  {
    id: "runs",
    title: "Runs",
    track: "minmax(70px, 1fr)",
    end: true,
    cell: (row) => <Fig of={countFigure(row.runs)} exact={countText(row.runs)} />,
  },
  {
    id: "each",
    title: "A run",
    track: "minmax(70px, 1fr)",
    end: true,
    cell: (row) => (row.runs === 0 ? <span class="none">–</span> : <Duration ns={row.run_ns / row.runs} />),
  },
  {
    id: "time",
    title: "In all",
    track: "minmax(70px, 1fr)",
    end: true,
    from: 400,
    cell: (row) => <Duration ns={row.run_ns} />,
  },
  {
    id: "share",
    title: "Of all time in probes",
    track: "minmax(130px, 1fr)",
    end: true,
    from: 560,
    cell: (row) => <Fig of={shareFigure(row.share)} />,
  },
];

/** Programs are the agent's programs in the kernel, and what they cost the processes that run into them. */
export function Programs({ of }: { of: AgentStatus }): JSX.Element | null {
  const programs = of.programs ?? [];
  if (programs.length === 0) return null;
  const time = programs.reduce((sum, { run_ns }) => sum + run_ns, 0);
  const ran = programs.filter(({ runs }) => runs > 0);
  return (
    <section aria-label="Probes">
      <div class="head">
        <h2>Probes</h2>
        <span class="dim">
          {countText(of.probes)} attached, {countText(programs.length)} programs in the kernel
        </span>
      </div>
      {ran.length === 0 ? (
        <p class="pad dim">
          The kernel does not count their runs. <code>sysctl kernel.bpf_stats_enabled=1</code> makes it, at 30
          to 80 ns a run.
        </p>
      ) : (
        <Table
          label="Programs"
          columns={programColumns}
          rows={ran
            .map((program) => ({ ...program, share: time === 0 ? 0 : program.run_ns / time }))
            .sort((a, b) => b.run_ns - a.run_ns)}
          rowKey={(row) => row.name}
        />
      )}
    </section>
  );
}

const processColumns: readonly Column<WatchedProcess>[] = [
  {
    id: "service",
    title: "Process",
    track: "minmax(90px, 1.4fr)",
    sort: (row) => row.service_name,
    cell: (row) => <Service name={row.service_name} />,
  },
  {
    id: "pid",
    title: "Pid",
    track: "64px",
    end: true,
    from: 480,
    sort: (row) => row.pid,
    cell: (row) => String(row.pid),
  },
  {
    id: "runtime",
    title: "Runtime",
    track: "90px",
    from: 560,
    sort: (row) => row.runtime,
    cell: (row) => cell(row.runtime, 40) || "–",
  },
  {
    id: "watched",
    title: "Watched",
    track: "76px",
    sort: (row) => (row.watched ? 1 : 0),
    cell: (row) => (row.watched ? <span class="ok">✓ yes</span> : <span class="dim">– no</span>),
  },
  {
    id: "reason",
    title: "Why",
    track: "minmax(100px, 2.6fr)",
    cell: (row) => <span title={cell(row.reason)}>{cell(row.reason) || "–"}</span>,
  },
  {
    id: "probes",
    title: "Probes",
    track: "56px",
    end: true,
    from: 640,
    sort: (row) => row.probes,
    cell: (row) => countText(row.probes),
  },
  {
    id: "spans",
    title: "Spans",
    track: "80px",
    end: true,
    from: 480,
    sort: (row) => row.spans,
    cell: (row) => countText(row.spans),
  },
  {
    id: "executable",
    title: "Executable",
    track: "minmax(120px, 2fr)",
    from: 980,
    cell: (row) => (
      <span class="mono dim" title={cell(row.executable)}>
        {cell(row.executable)}
      </span>
    ),
  },
];

/** Processes are all that the agent looked at: watched or not, and why. */
export function Processes({ of }: { of: AgentStatus }): JSX.Element {
  const { processes } = of;
  const order = param("sort") || "-watched";
  return (
    <section aria-label="Processes">
      <div class="head">
        <h2>Processes</h2>
        <span class="dim">
          {processes.length === 0
            ? of.state === "off"
              ? "no agent runs: start go3s up without --no-agent"
              : "the agent has looked at none: start a program, or name one with go3s up --watch"
            : `${processes.filter((row) => row.watched).length} of ${processes.length} watched`}
        </span>
      </div>
      {processes.length === 0 ? null : (
        <Table
          label="Processes"
          columns={processColumns}
          rows={ordered(processes, processColumns, order)}
          rowKey={(row) => String(row.pid)}
          open={(row) => linkTo(`/services/${encodeURIComponent(row.service_name)}`)}
          order={order}
          onOrder={(sort) => setParams({ sort })}
          keys
        />
      )}
    </section>
  );
}
