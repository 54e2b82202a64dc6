import type { TraceAnswer, UsualAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { linkTo, param, setParams } from "../base/address.js";
import { useAnswer } from "../base/answers.js";
import { apiUrl } from "../base/api.js";
import { plural } from "../base/number.js";
import { cell } from "../base/text.js";
import { durationText } from "../base/time.js";
import { Region } from "../widgets/region.js";
import { type ComparedNode, compareShapes, differenceOf, largest } from "../widgets/trace-shape/compare.js";
import { type Shape, shapeOf } from "../widgets/trace-shape/shape.js";
import { modelOf, operationOf, serviceOf, type TraceModel } from "../widgets/waterfall/model.js";
import { aboutCount, CompareTable } from "./compare-table.js";
import { shapeOfTrace } from "./trace-merged.js";
import type { TraceState } from "./trace-state.js";

const hourMs = 3_600_000;

/** usuals are what a trace is compared with where it is not another trace: its operation in a time before it. */
const usuals = [
  { id: "usual", title: "the hour before", from: -hourMs, to: 0 },
  { id: "usual-day", title: "the day before", from: -24 * hourMs, to: 0 },
  { id: "usual-yesterday", title: "this time yesterday", from: -25 * hourMs, to: -23 * hourMs },
  { id: "usual-week", title: "this time a week ago", from: -170 * hourMs, to: -166 * hourMs },
] as const;

const isTraceId = (text: string): boolean => /^[0-9a-f]{32}$/i.test(text);

/** TraceCompare lays the trace over another one, or over what its operation usually does, by operation path. */
export function TraceCompare({ state }: { state: TraceState }): JSX.Element {
  const against = param("against") || "usual";
  return (
    <div class="list">
      <div class="strip">
        <Against against={against} />
      </div>
      {isTraceId(against) ? (
        <WithTrace state={state} id={against.toLowerCase()} />
      ) : (
        <WithUsual state={state} against={against} />
      )}
    </div>
  );
}

function Against({ against }: { against: string }): JSX.Element {
  const other = isTraceId(against);
  const [typed, setTyped] = useState(other ? against : "");
  const wanted = typed.trim();
  return (
    <>
      <label class="row">
        <span>Compare with</span>
        <select
          class="input"
          value={other ? "trace" : against}
          onChange={(event) => {
            const value = event.currentTarget.value;
            setParams({ against: value === "trace" ? wanted || "trace" : value });
          }}
        >
          {usuals.map(({ id, title }) => (
            <option key={id} value={id}>
              usual: {title}
            </option>
          ))}
          <option value="trace">another trace</option>
        </select>
      </label>
      {other || against === "trace" ? (
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            if (isTraceId(wanted)) setParams({ against: wanted });
          }}
        >
          <input
            class="input mono"
            size={34}
            aria-label="Id of the other trace"
            placeholder="trace id: 32 hex digits"
            spellcheck={false}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
          <button type="submit" class="button" disabled={!isTraceId(wanted)}>
            Compare
          </button>
        </form>
      ) : null}
    </>
  );
}

function WithTrace({ state, id }: { state: TraceState; id: string }): JSX.Element {
  const answer = useAnswer<TraceAnswer>(apiUrl(`traces/${id}`));
  return (
    <Region answer={answer} what="the other trace" rows={10}>
      {(data) => <OneOther state={state} other={data} />}
    </Region>
  );
}

function OneOther({ state, other }: { state: TraceState; other: TraceAnswer }): JSX.Element {
  const right = useMemo(() => {
    const model = modelOf(other);
    return { model, shape: shapeOfTrace(model) };
  }, [other]);
  const name = `${serviceOf(right.model, 0)} ${operationOf(right.model, 0)}`;
  const own = `${serviceOf(state.model, 0)} ${operationOf(state.model, 0)}`;
  return (
    <Compared state={state} shape={right.shape} traces={1} what="the other">
      <p>
        This trace took <strong>{durationText(state.model.duration)}</strong>,{" "}
        <a href={linkTo(`/traces/${other.trace_id}`)}>the other</a>{" "}
        <strong>{durationText(right.model.duration)}</strong>
        {name === own ? "" : `, which begins with ${cell(name, 120)}`}.
      </p>
    </Compared>
  );
}

/** rangeBefore gives the range of a usual in whole minutes, so that the same question keeps its address. */
function rangeBefore(model: TraceModel, against: string): { from: string; to: string } {
  const usual = usuals.find((row) => row.id === against) ?? usuals[0];
  const start = Math.ceil(Number(model.answer.start_ns.slice(0, -6)) / 60_000) * 60_000;
  return { from: String(Math.max(0, start + usual.from)), to: String(Math.max(1, start + usual.to)) };
}

function WithUsual({ state, against }: { state: TraceState; against: string }): JSX.Element {
  const { model } = state;
  const answer = useAnswer<UsualAnswer>(
    against === "trace"
      ? undefined
      : apiUrl("traces/usual", {
          service: serviceOf(model, 0),
          operation: operationOf(model, 0),
          except: model.answer.trace_id,
          ...rangeBefore(model, against),
        }),
  );
  if (against === "trace") {
    return <p class="note">Give the id of another trace, or mark two in Traces (m) and compare them.</p>;
  }
  return (
    <Region answer={answer} what="what is usual" rows={10}>
      {(data) =>
        data.traces === 0 ? (
          <div class="note">
            <p>
              No other trace of that time begins with {cell(serviceOf(model, 0), 60)}{" "}
              {cell(operationOf(model, 0), 120)}.
            </p>
            {against === "usual-day" ? null : (
              <button type="button" class="button" onClick={() => setParams({ against: "usual-day" })}>
                Look through the day before it
              </button>
            )}
          </div>
        ) : (
          <Usual state={state} usual={data} />
        )
      }
    </Region>
  );
}

/** lengthsOf gives how long each of the sample's traces took, shortest first. */
function lengthsOf(usual: UsualAnswer): readonly number[] {
  const { parent, start_offset_ns, duration_ns } = usual.spans;
  const lengths: number[] = [];
  parent.forEach((above, row) => {
    const end = (start_offset_ns[row] ?? 0) + (duration_ns[row] ?? 0);
    if (above === -1 && start_offset_ns[row] === 0) lengths.push(end);
    else if (lengths.length > 0) lengths.push(Math.max(lengths.pop() ?? 0, end));
  });
  return lengths.sort((a, b) => a - b);
}

function Usual({ state, usual }: { state: TraceState; usual: UsualAnswer }): JSX.Element {
  const shape = useMemo(() => {
    const bad = usual.statuses.indexOf("ERROR");
    const { spans, services, operations } = usual;
    return shapeOf({
      services,
      operations,
      parent: spans.parent,
      start: spans.start_offset_ns,
      length: spans.duration_ns,
      service: spans.service,
      operation: spans.operation,
      failed: (row) => spans.status[row] === bad,
    });
  }, [usual]);
  const lengths = useMemo(() => lengthsOf(usual), [usual]);
  const middle = lengths[(lengths.length - 1) >> 1] ?? 0;
  const { duration } = state.model;
  const longer = lengths.filter((ns) => ns >= duration).length;
  const ratio = duration / Math.max(1, middle);
  return (
    <Compared state={state} shape={shape} traces={usual.traces} what="usually">
      <p>
        This trace took <strong>{durationText(duration)}</strong>, usually it takes{" "}
        <strong>{durationText(middle)}</strong>
        {ratio > 1.15
          ? ` (${ratio.toPrecision(2)} times as long)`
          : ratio < 0.87
            ? ` (${(1 / ratio).toPrecision(2)} times as fast)`
            : " (about the same)"}
        . {longer === 0 ? "None" : `${longer}`} of {plural(usual.traces, "trace")} looked at took as long
        {usual.found > usual.traces ? `; there were ${usual.found} in that time` : ""}.
      </p>
    </Compared>
  );
}

function Compared({
  state,
  shape,
  traces,
  what,
  children,
}: {
  state: TraceState;
  shape: Shape;
  traces: number;
  what: string;
  children: JSX.Element;
}): JSX.Element {
  const left = useMemo(() => shapeOfTrace(state.model), [state.model]);
  const nodes = useMemo(() => compareShapes(left, shape, traces), [left, shape, traces]);
  const top = useMemo(() => largest(nodes, 4), [nodes]);
  return (
    <>
      <div class="compare-said">
        {children}
        {top.length === 0 ? (
          <p>No operation's own time differs.</p>
        ) : (
          <ul class="row wrap">
            {top.map((node) => (
              <Difference
                key={`${node.depth} ${node.service} ${node.operation} ${node.row}`}
                of={node}
                what={what}
              />
            ))}
          </ul>
        )}
      </div>
      <CompareTable state={state} nodes={nodes} what={what} />
    </>
  );
}

function Difference({ of, what }: { of: ComparedNode; what: string }): JSX.Element {
  const ns = differenceOf(of);
  const calls =
    Math.abs(of.left.count - of.right.count) < 0.5
      ? ""
      : `, ${aboutCount(of.left.count)} calls, ${what} ${aboutCount(of.right.count)}`;
  return (
    <li class={ns > 0 ? "tag bad" : "tag"}>
      {ns > 0 ? "+" : "−"}
      {durationText(Math.abs(ns))} in {cell(of.service, 40)} {cell(of.operation, 80)}
      {calls}
    </li>
  );
}
