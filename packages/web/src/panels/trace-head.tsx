import type { TraceAnswer } from "@go3s/server";
import type { ComponentChildren, JSX } from "preact";
import { useMemo } from "preact/hooks";
import { linkTo } from "../base/address.js";
import { countText, plural } from "../base/number.js";
import { cell } from "../base/text.js";
import { durationText } from "../base/time.js";
import { copy, filterTerm } from "../widgets/attributes.js";
import { Duration, Moment, Service } from "../widgets/figure.js";
import { operationOf, serviceOf, type TraceModel } from "../widgets/waterfall/model.js";
import { waitClasses } from "../widgets/waterfall/waits.js";

/** TraceHead says what the trace is: root, time, length, errors, services, and where it leads. */
export function TraceHead({
  answer,
  model,
  waits,
  children,
}: {
  answer: TraceAnswer;
  model: TraceModel;
  /** waits: the textures of goroutines' waits are explained. */
  waits: boolean;
  children: ComponentChildren;
}): JSX.Element {
  const errors = useMemo(() => model.failed.reduce((sum, value) => sum + value, 0), [model]);
  const services = useMemo(() => servicesByTime(model), [model]);
  const cut = answer.total - model.count;
  return (
    <div class="trace-head">
      <div class="row wrap dim">
        <h1 class="cut">
          {cell(serviceOf(model, 0), 80)} <span class="dim">{cell(operationOf(model, 0), 160)}</span>
        </h1>
        <span>
          <Moment ns={answer.start_ns} />
        </span>
        <strong class="figure">
          <Duration ns={answer.duration_ns} />
        </strong>
        <span>{plural(answer.total, "span")}</span>
        {errors === 0 ? <span>no errors</span> : <span class="bad">{plural(errors, "error")}</span>}
        <span>{plural(answer.services.length, "service")}</span>
        <button
          type="button"
          class="button bare"
          title="Copy the trace's id"
          onClick={() => copy(answer.trace_id)}
        >
          <code>{answer.trace_id}</code>
        </button>
        <a href={linkTo("/logs", { q: filterTerm("trace", answer.trace_id), ...logRange(answer) })}>
          {answer.logs.span.length === 0 ? "Logs" : `${countText(answer.logs.span.length)} logs and events`}
        </a>
        <a
          href={linkTo("/sql", {
            sql: `SELECT * FROM traces WHERE trace_id = '${answer.trace_id}' ORDER BY timestamp_ns`,
          })}
        >
          SQL
        </a>
      </div>
      {cut > 0 ? (
        <p class="warn">
          Only the first {countText(model.count)} of {countText(answer.total)} spans are here (
          {countText(cut)} left out); SQL has all.
        </p>
      ) : null}
      <div class="row wrap services-row">
        {services.map(([name, ns]) => (
          <span key={name} class="row" title={`${durationText(ns)} of span time`}>
            <Service name={name} />
          </span>
        ))}
      </div>
      {children}
      {waits ? <WaitLegend answer={answer} /> : null}
    </div>
  );
}

/** WaitLegend names the textures that this trace has. */
function WaitLegend({ answer }: { answer: TraceAnswer }): JSX.Element {
  const seen = waitClasses.filter(({ id }) => answer.waits[id].some((ns) => ns > 0));
  return (
    <div
      class="row wrap waits-legend dim"
      title="Shares of each span's time, drawn from its start: not when they were"
    >
      <span>Goroutines:</span>
      {seen.map(({ id, words }) => (
        <span key={id} class="row">
          <i class={`wait wait-${id}`} aria-hidden="true" />
          {words}
        </span>
      ))}
    </div>
  );
}

function logRange(answer: TraceAnswer): { from: string; to: string } {
  const start = Number(answer.start_ns.slice(0, -6));
  return { from: String(start - 60_000), to: String(start + Math.ceil(answer.duration_ns / 1e6) + 60_000) };
}

function servicesByTime(model: TraceModel): readonly (readonly [string, number])[] {
  const total = new Float64Array(model.answer.services.length);
  for (let row = 0; row < model.count; row++) {
    const at = model.service[row] ?? 0;
    total[at] = (total[at] ?? 0) + (model.length[row] ?? 0);
  }
  return model.answer.services
    .map((name, at) => [name, total[at] ?? 0] as const)
    .sort((a, b) => b[1] - a[1])
    .slice(0, 24);
}
