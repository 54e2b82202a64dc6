import type { CompiledProgram, ProbeCost, ProbeMistake } from "@go3s/server";
import type { JSX } from "preact";
import { countText, plural } from "../../base/number.js";
import { durationText } from "../../base/time.js";
import { type Column, Table } from "../../widgets/table.js";

/** Mistakes lists what is wrong with a program; each leads to its place. */
export function Mistakes({
  of,
  onShow,
}: {
  of: readonly ProbeMistake[];
  onShow: (at: number) => void;
}): JSX.Element | null {
  if (of.length === 0) return null;
  return (
    <ul class="mistakes" aria-label="Mistakes">
      {of.map((each) => (
        <li key={`${each.from} ${each.code} ${each.message}`} class={each.severity}>
          <button type="button" class="place" onClick={() => onShow(each.from)}>
            {each.line}:{each.column}
          </button>
          <div>
            <span>
              {each.severity === "warning" ? "Warning: " : ""}
              {each.message} <span class="dim">[{each.code}]</span>
            </span>
            {each.story.map((sentence) => (
              <div key={sentence} class="dim">
                {sentence}
              </div>
            ))}
            {each.hint === "" ? null : <div>{each.hint}</div>}
          </div>
        </li>
      ))}
    </ul>
  );
}

interface Row {
  readonly program: CompiledProgram;
  readonly cost: ProbeCost | undefined;
}

const measured = ({ cost }: Row): number | undefined =>
  cost === undefined || cost.runs === 0 ? undefined : cost.ns / cost.runs;

const columns: readonly Column<Row>[] = [
  {
    id: "place",
    title: "Attached to",
    track: "minmax(120px, 1fr)",
    cell: ({ program }) => {
      const [first = program.name, ...rest] = program.places;
      return (
        <span class="mono attached-to" title={program.places.slice(0, 40).join("\n")}>
          {first}
          {rest.length === 0 ? "" : ` and ${plural(rest.length, "other")}`}
        </span>
      );
    },
  },
  {
    id: "instructions",
    title: "Instructions",
    track: "96px",
    from: 620,
    end: true,
    cell: ({ program }) => countText(program.instructions),
  },
  {
    id: "estimate",
    title: "Estimate",
    track: "72px",
    end: true,
    hint: "What an event costs about: the hook, and every instruction and call once",
    cell: ({ program }) => `≈ ${durationText(program.estimate_ns)}`,
  },
  {
    id: "measured",
    title: "Measured",
    track: "72px",
    end: true,
    hint: "What the kernel counted: the program's own time for each event",
    cell: (row) => {
      const ns = measured(row);
      return ns === undefined ? <span class="none">–</span> : durationText(ns);
    },
  },
  {
    id: "events",
    title: "Events",
    track: "84px",
    from: 480,
    end: true,
    cell: ({ cost }) => (cost === undefined ? <span class="none">–</span> : countText(cost.runs)),
  },
];

/** Programs says what a probe is in the kernel: where it is attached, how large it is, what an event costs. */
export function Programs({
  programs,
  costs,
}: {
  programs: readonly CompiledProgram[];
  costs: readonly ProbeCost[];
}): JSX.Element | null {
  if (programs.length === 0) return null;
  const rows = programs.map((program): Row => {
    // The kernel keeps 15 letters of a name.
    const cost = costs.find(({ name }) => name === program.name || name === program.name.slice(0, 15));
    return { program, cost };
  });
  return <Table label="Programs" columns={columns} rows={rows} rowKey={({ program }) => program.name} />;
}
