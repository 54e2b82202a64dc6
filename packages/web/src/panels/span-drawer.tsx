import type { SpanAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { go, linkTo } from "../base/address.js";
import { useAnswer } from "../base/answers.js";
import { apiUrl } from "../base/api.js";
import { countText } from "../base/number.js";
import { block, cell } from "../base/text.js";
import { durationText, msOfNs } from "../base/time.js";
import { AttributeList, copy, filterTerm } from "../widgets/attributes.js";
import { Drawer } from "../widgets/drawer.js";
import { Duration, Moment, Service } from "../widgets/figure.js";
import { Region } from "../widgets/region.js";

/** SpanDrawer shows one span whole: times, attributes, events, links, logs. */
export function SpanDrawer({
  trace,
  span,
  self,
  onClose,
}: {
  trace: string;
  span: string;
  /** self: nanoseconds of the critical path in this span. */
  self: number;
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
        {(data) => <Details of={data} self={self} />}
      </Region>
    </Drawer>
  );
}

function Details({ of, self }: { of: SpanAnswer; self: number }): JSX.Element {
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
        <button type="button" class="button" onClick={() => copy(of.span_id)}>
          Copy id
        </button>
        <button type="button" class="button" onClick={() => copy(JSON.stringify(of, null, 2))}>
          Copy as JSON
        </button>
        <button
          type="button"
          class="button"
          onClick={() =>
            copy(
              `SELECT * FROM traces WHERE trace_id = '${of.trace_id}' AND span_id = '${of.span_id}' LIMIT 1`,
            )
          }
        >
          Copy as SQL
        </button>
        <a class="button" href={search(filterTerm("operation", of.operation))}>
          Others like this
        </a>
      </p>
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

const pairs = (of: Readonly<Record<string, string>>): string =>
  Object.entries(of)
    .map(([key, value]) => `${cell(key, 60)}=${cell(value, 200)}`)
    .join("  ");
