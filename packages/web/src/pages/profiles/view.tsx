import type { FlameAnswer, ProfilesAnswer, ProfileType } from "@go3s/server";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import "../../styles/profiles.css";
import { param, range, setParams } from "../../base/address.js";
import { type Answer, useAnswer } from "../../base/answers.js";
import { apiUrl } from "../../base/api.js";
import { bytesFigure, countFigure, countText, figureText, shareFigure } from "../../base/number.js";
import { resolve } from "../../base/range.js";
import { cell } from "../../base/text.js";
import { durationText } from "../../base/time.js";
import { useActions } from "../../base/use-actions.js";
import { copy } from "../../widgets/attributes.js";
import { FlameGraph } from "../../widgets/flame/flame-graph.js";
import { changeOf, type FlameModel, flameModel, nodeAt, pathOf } from "../../widgets/flame/model.js";
import { LastSeen, Region } from "../../widgets/region.js";
import { HotTable } from "./hot-table.js";

/** valueText prints a profile's value in its unit. */
function valueText(value: number, unit: string): string {
  if (unit === "nanoseconds") return durationText(value);
  if (unit === "bytes") return figureText(bytesFigure(value));
  return figureText(countFigure(value));
}

const comparisons = [
  { id: "", title: "compare with nothing" },
  { id: "before", title: "compare with the time before" },
  { id: "day", title: "compare with a day before" },
  { id: "week", title: "compare with a week before" },
] as const;

const dayMs = 86_400_000;
const minuteMs = 60_000;

/** baseOf gives the range that is compared with, in whole minutes, so that the same question keeps its address. */
function baseOf(against: string): { base_from: string; base_to: string } | undefined {
  const { from, to } = resolve(range.value);
  const back =
    against === "before" ? to - from : against === "day" ? dayMs : against === "week" ? 7 * dayMs : 0;
  if (back === 0) return undefined;
  const minute = (ms: number) => String(Math.floor(ms / minuteMs) * minuteMs);
  return { base_from: minute(from - back), base_to: minute(to - back) };
}

/** questionOf is the flame graph that the address asks for. */
function questionOf(type: string): Readonly<Record<string, string>> {
  const [name = "", unit = ""] = type.split(":");
  const own = ["service", "operation", "version", "base_version"].map((key) => [key, param(key)]);
  return {
    from: range.value.from,
    to: range.value.to,
    ...Object.fromEntries(own),
    type: name,
    unit,
    ...baseOf(param("against")),
  };
}

/** View is the profiles page: what there is, a flame graph of it, its hottest functions. */
export function View(): JSX.Element {
  const { from, to } = range.value;
  const found = useAnswer<ProfilesAnswer>(apiUrl("profiles", { from, to }), true);
  const types = found.data?.types ?? [];
  const some = types.length > 0;
  const question = questionOf(param("type"));
  const flame = useAnswer<FlameAnswer>(some ? apiUrl("profiles/flame", question) : undefined);
  return (
    <div class="list profiles">
      <Region answer={found} what="Profiles" rows={2}>
        {(data) =>
          data.types.length === 0 ? <Nothing /> : <Choice types={data.types} question={question} />
        }
      </Region>
      {some ? <Graph flame={flame} /> : null}
    </div>
  );
}

function Nothing(): JSX.Element {
  return (
    <div class="note">
      <h1>No profile has a sample in this range</h1>
      <p>
        Send one: <code>curl --data-binary @cpu.pprof 'http://127.0.0.1:4318/v1/pprof?service=shop'</code>.
        Pyroscope's clients and OpenTelemetry's profiler send to the same port.
      </p>
      <LastSeen what="profile" last={null} />
    </div>
  );
}

function Choice({
  types,
  question,
}: {
  types: readonly ProfileType[];
  question: Readonly<Record<string, string>>;
}): JSX.Element {
  const service = param("service");
  const services = [...new Set(types.map((type) => type.service_name))];
  const own = types.filter((type) => service === "" || type.service_name === service);
  const kinds = [...new Map(own.map((type) => [`${type.type}:${type.unit}`, type])).entries()];
  const pprof = location.origin + apiUrl("profiles/flame", { ...question, format: "pprof" });
  return (
    <div class="strip">
      <Select
        label="Service"
        value={service}
        options={[["", "all services"], ...services.map((name) => [name, cell(name, 60)] as const)]}
        onPick={(value) => setParams({ service: value, type: undefined, zoom: undefined })}
      />
      <Select
        label="Type"
        value={param("type")}
        options={[
          ["", "most samples"],
          ...kinds.map(([id, type]) => [id, `${type.type} (${type.unit})`] as const),
        ]}
        onPick={(type) => setParams({ type, zoom: undefined })}
      />
      <Text name="operation" label="Operation" />
      <Text name="version" label="Version" />
      <Select
        label="Compare"
        value={param("against")}
        options={comparisons.map(({ id, title }) => [id, title] as const)}
        onPick={(against) => setParams({ against })}
      />
      <Text name="base_version" label="Compare with version" />
      <span class="grow" />
      <button
        type="button"
        class="button"
        title={`go tool pprof '${pprof}'`}
        onClick={() => copy(`go tool pprof '${pprof}'`)}
      >
        Copy for go tool pprof
      </button>
      <a
        class="button"
        href={apiUrl("profiles/flame", { ...question, format: "folded" })}
        download="go3s.folded"
      >
        Folded
      </a>
    </div>
  );
}

function Select({
  label,
  value,
  options,
  onPick,
}: {
  label: string;
  value: string;
  options: readonly (readonly [value: string, title: string])[];
  onPick: (value: string) => void;
}): JSX.Element {
  return (
    <select
      class="input"
      aria-label={label}
      value={value}
      onChange={(event) => onPick(event.currentTarget.value)}
    >
      {options.map(([id, title]) => (
        <option key={id} value={id}>
          {title}
        </option>
      ))}
    </select>
  );
}

function Text({ name, label }: { name: string; label: string }): JSX.Element {
  return (
    <input
      class="input"
      aria-label={label}
      placeholder={label}
      value={param(name)}
      onChange={(event) => setParams({ [name]: event.currentTarget.value.trim(), zoom: undefined })}
    />
  );
}

function Graph({ flame }: { flame: Answer<FlameAnswer> }): JSX.Element {
  useActions([
    {
      id: "profile-find",
      title: "Find a function",
      section: "Profiles",
      keys: "f",
      run: () => document.getElementById("function-find")?.focus(),
    },
  ]);
  return (
    <Region answer={flame} what="Flame graph" rows={8}>
      {(data) =>
        data.nodes.length === 0 ? (
          <div class="note">
            <h2>No sample fits</h2>
            <p>
              There are profiles in this range, but none of this service, type, operation and version
              together.
            </p>
          </div>
        ) : (
          <Drawn answer={data} />
        )
      }
    </Region>
  );
}

function tellOf(model: FlameModel, unit: string, at: number): string {
  const node = model.nodes[at];
  if (node === undefined) return "";
  const name = node.kind === "other" ? "(other)" : cell(node.name, 300);
  const share = (value: number) => figureText(shareFigure(model.total === 0 ? 0 : value / model.total));
  const parts = [
    `${name}: ${valueText(node.total, unit)} (${share(node.total)})`,
    `self ${valueText(node.self, unit)}`,
    node.kind === "" || node.kind === "other" ? "" : node.kind,
    node.file === "" ? "" : cell(node.file, 200),
  ];
  if (model.diff) {
    const change = changeOf(model, at);
    parts.splice(1, 0, `${change < 0 ? "−" : "+"}${figureText(shareFigure(Math.abs(change)))} of all`);
  }
  return parts.filter((part) => part !== "").join(" · ");
}

function comparedText({ base, base_total, unit }: FlameAnswer): string {
  if (base === null) return "";
  if (base_total === 0) return ", compared with a time or version that has no sample";
  return `, compared with ${valueText(base_total, unit)}: red is more now, blue less`;
}

function Drawn({ answer }: { answer: FlameAnswer }): JSX.Element {
  const model = useMemo(() => flameModel(answer), [answer]);
  const find = param("find");
  const zoom = nodeAt(model, param("zoom"));
  const matched = useMemo(() => matchedShare(model, find), [model, find]);
  const setZoom = (at: number) => setParams({ zoom: at < 0 ? undefined : pathOf(model, at) });
  return (
    <>
      <div class="strip">
        <input
          id="function-find"
          class="input"
          type="search"
          placeholder="Find a function"
          aria-label="Find a function"
          value={find}
          onInput={(event) => setParams({ find: event.currentTarget.value }, "replace")}
        />
        {find === "" ? null : <span class="dim">{figureText(shareFigure(matched))} of all samples</span>}
        {zoom < 0 ? null : (
          <button type="button" class="button" onClick={() => setZoom(-1)}>
            The whole graph
          </button>
        )}
        <span class="grow" />
        <span class="dim">
          {answer.type}: {valueText(answer.total, answer.unit)} in {countText(answer.samples)} samples
          {comparedText(answer)}
          {answer.omitted > 0 ? ` · ${countText(answer.omitted)} small places are summed up` : ""}
        </span>
      </div>
      <div class="flame-place">
        <FlameGraph
          model={model}
          zoom={zoom}
          find={find}
          tell={(at) => tellOf(model, answer.unit, at)}
          onZoom={setZoom}
        />
      </div>
      <HotTable
        model={model}
        format={(value) => valueText(value, answer.unit)}
        order={param("sort")}
        onOrder={(sort) => setParams({ sort }, "replace")}
        onPick={(name) => setParams({ find: name === find ? undefined : name }, "replace")}
      />
    </>
  );
}

/** matchedShare is how much of all lies in functions that are found, each sample once. */
function matchedShare(model: FlameModel, find: string): number {
  if (find === "" || model.total === 0) return 0;
  const wanted = find.toLowerCase();
  const inside = new Uint8Array(model.nodes.length);
  let sum = 0;
  model.nodes.forEach((node, at) => {
    const above = node.parent >= 0 && inside[node.parent] === 1;
    const hit = node.name.toLowerCase().includes(wanted);
    inside[at] = above || hit ? 1 : 0;
    if (hit && !above) sum += node.total;
  });
  return sum / model.total;
}
