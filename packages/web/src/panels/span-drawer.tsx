import type { SpanAnswer, TraceWaits } from "@go3s/server";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { go, linkTo } from "../base/address.js";
import { useAnswer } from "../base/answers.js";
import { apiUrl, send } from "../base/api.js";
import { countText, figureText, shareFigure } from "../base/number.js";
import { block, cell } from "../base/text.js";
import { durationText, msOfNs } from "../base/time.js";
import { AttributeList, copy, filterTerm } from "../widgets/attributes.js";
import { Drawer } from "../widgets/drawer.js";
import { Duration, Moment, Service } from "../widgets/figure.js";
import { Region } from "../widgets/region.js";
import { type WaitPart, waitParts } from "../widgets/waterfall/waits.js";
import { curlOf, sqlOf } from "./span-copy.js";

/** SpanDrawer shows one span whole: times, attributes, events, links, logs. */
export function SpanDrawer({
  trace,
  span,
  self,
  waits,
  waitsAt,
  onClose,
}: {
  trace: string;
  span: string;
  /** self: nanoseconds of the critical path in this span. */
  self: number;
  waits: TraceWaits;
  /** waitsAt: where the span's waits stand, if its goroutine was followed. */
  waitsAt: number | undefined;
  onClose: () => void;
}): JSX.Element {
  const answer = useAnswer<SpanAnswer>(apiUrl(`traces/${trace}/spans/${span}`));
  const known = answer.data;
  return (
    <Drawer
      label="Span"
      onClose={onClose}
      title={
        known === undefined ? (
          <h2>Span {span}</h2>
        ) : (
          <>
            <Service name={known.service_name} />
            <h2>{cell(known.operation, 300)}</h2>
          </>
        )
      }
    >
      <Region answer={answer} what="span" rows={8}>
        {(data) => (
          <Details of={data} self={self} waits={waitsAt === undefined ? [] : waitParts(waits, waitsAt)} />
        )}
      </Region>
    </Drawer>
  );
}

function Details({
  of,
  self,
  waits,
}: {
  of: SpanAnswer;
  self: number;
  waits: readonly WaitPart[];
}): JSX.Element {
  const start = msOfNs(of.timestamp_ns);
  const search = (term: string) =>
    linkTo("/traces", { q: `${filterTerm("service", of.service_name)} ${term}` });
  return (
    <div class="details">
      <dl class="facts small">
        <div>
          <dt>took</dt>
          <dd>
            <Duration ns={of.duration_ns} />
          </dd>
        </div>
        <div>
          <dt>on the critical path</dt>
          <dd>{self > 0 ? <Duration ns={self} /> : <span class="none">–</span>}</dd>
        </div>
        <div>
          <dt>status</dt>
          <dd class={of.status_code === "ERROR" ? "bad" : ""}>{of.status_code.toLowerCase()}</dd>
        </div>
        <div>
          <dt>kind</dt>
          <dd>{of.kind.toLowerCase()}</dd>
        </div>
      </dl>
      {of.status_message === "" ? null : <pre class="bad">{block(of.status_message, 4000)}</pre>}
      <p class="dim">
        <Moment ns={of.timestamp_ns} /> · span <code>{of.span_id}</code>
        {of.scope_name === "" ? "" : ` · ${cell(of.scope_name, 80)} ${cell(of.scope_version, 20)}`}
      </p>
      <p class="row wrap">
        <Copies of={of} />
        <a class="button" href={search(filterTerm("operation", of.operation))}>
          Others like this
        </a>
      </p>
      {waits.length === 0 ? null : <Waits parts={waits} />}
      <AttributeList title="Attributes" of={of.attributes} onFilter={(term) => go(search(term))} />
      {of.events.length === 0 ? null : (
        <section>
          <h3>
            Events <span class="dim">{countText(of.events.length)}</span>
          </h3>
          <ul class="events">
            {of.events.slice(0, 500).map((event, at) => (
              <li key={at}>
                <span class="dim">+{durationText((msOfNs(event.timestamp_ns) - start) * 1e6)}</span>
                <strong>{cell(event.name, 80)}</strong>
                <span class="what">{pairs(event.attributes)}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section>
        <h3>
          Logs <span class="dim">{countText(of.logs.length)}</span>
        </h3>
        {of.logs.length === 0 ? <p class="dim">No log record carries this span's id.</p> : null}
        <ul class="events">
          {of.logs.slice(0, 500).map((row) => (
            <li key={row.cursor}>
              <span class="dim">+{durationText((msOfNs(row.timestamp_ns) - start) * 1e6)}</span>
              <span class={`level-${row.level}`}>{row.level || "–"}</span>
              <span class="what">{block(row.body, 2000)}</span>
            </li>
          ))}
        </ul>
        {of.logs.length === 0 ? null : (
          <a href={linkTo("/logs", { q: filterTerm("span", of.span_id) })}>Open in Logs</a>
        )}
      </section>
      {of.links.length === 0 ? null : (
        <section>
          <h3>Links</h3>
          <ul>
            {of.links.map((row) => (
              <li key={row.span_id}>
                <a href={linkTo(`/traces/${row.trace_id}`, { span: row.span_id })}>
                  <code>{row.trace_id}</code>
                </a>{" "}
                <span class="dim">{pairs(row.attributes)}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <AttributeList title="Resource" of={of.resource_attributes} onFilter={(term) => go(search(term))} />
    </div>
  );
}

/** Copies puts the span on the clipboard in the forms that other tools take. */
function Copies({ of }: { of: SpanAnswer }): JSX.Element {
  const [done, setDone] = useState("");
  const curl = curlOf(of);
  const put = (what: string, text: string) => {
    copy(text);
    setDone(what);
  };
  const otlp = () => {
    send(apiUrl(`traces/${of.trace_id}/spans/${of.span_id}/otlp`), {})
      .then((response) => response.text())
      .then((text) => put("OTLP JSON", text))
      .catch((error: unknown) => setDone(`not copied: ${error instanceof Error ? error.message : "failed"}`));
  };
  return (
    <span class="row wrap" role="group" aria-label="Copy the span as">
      <span class="dim">Copy</span>
      <button type="button" class="button" onClick={() => put("id", of.span_id)}>
        id
      </button>
      {curl === undefined ? null : (
        <button
          type="button"
          class="button"
          title="The request again, as far as the span tells it: its body is not kept"
          onClick={() => put("curl", curl)}
        >
          curl
        </button>
      )}
      <button type="button" class="button" title="As OTLP's JSON: POST it to /v1/traces" onClick={otlp}>
        OTLP JSON
      </button>
      <button type="button" class="button" onClick={() => put("SQL", sqlOf(of))}>
        SQL
      </button>
      <span class="dim" role="status">
        {done === "" || done.startsWith("not") ? done : `${done} copied`}
      </span>
    </span>
  );
}

/** Waits shows what the span's goroutine did, as the bar's textures do. */
function Waits({ parts }: { parts: readonly WaitPart[] }): JSX.Element {
  return (
    <section>
      <h3>Goroutine</h3>
      <div class="waits-bar" aria-hidden="true">
        {parts.map((part) => (
          <i key={part.id} class={`wait wait-${part.id}`} style={{ width: `${part.share * 100}%` }} />
        ))}
      </div>
      <dl class="waits-list">
        {parts.map((part) => (
          <div key={part.id}>
            <dt>
              <i class={`wait wait-${part.id}`} aria-hidden="true" /> {part.words}
            </dt>
            <dd>
              <Duration ns={part.ns} /> <span class="dim">{figureText(shareFigure(part.share))}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const pairs = (of: Readonly<Record<string, string>>): string =>
  Object.entries(of)
    .map(([key, value]) => `${cell(key, 60)}=${cell(value, 200)}`)
    .join("  ");
