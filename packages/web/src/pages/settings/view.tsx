import type { StatusAnswer } from "@go3s/server";
import type { ComponentChildren, JSX } from "preact";
import "../../styles/settings.css";
import { linkTo } from "../../base/address.js";
import { useAnswer } from "../../base/answers.js";
import { apiUrl } from "../../base/api.js";
import { type Action, actionsChanged, allActions } from "../../base/keyboard.js";
import { plural } from "../../base/number.js";
import { type Density, setSettings, settings, type Theme } from "../../base/settings.js";
import { status } from "../../base/stream.js";
import { clockText, durationText, now, unixMs, type Zone } from "../../base/time.js";
import { startTour } from "../../panels/tour.js";
import { Keys } from "../../widgets/palette.js";
import { Failed, Loading } from "../../widgets/region.js";

/** View is the reader's choices, the keys, and what this server is. */
export function View(): JSX.Element {
  const { theme, density, zone } = settings.value;
  const at = unixMs(now());
  return (
    <div class="stack settings">
      <div class="head">
        <h1>Settings</h1>
        <span class="dim">kept in this browser alone</span>
      </div>
      <Choices<Theme>
        legend="Theme"
        value={theme}
        of={[
          ["system", "As the system"],
          ["light", "Light"],
          ["dark", "Dark"],
        ]}
        onPick={(next) => setSettings({ theme: next })}
      />
      <Choices<Density>
        legend="Rows"
        value={density}
        of={[
          ["dense", "Dense"],
          ["usual", "Usual"],
          ["roomy", "Roomy, for fingers"],
        ]}
        onPick={(next) => setSettings({ density: next })}
      />
      <Choices<Zone>
        legend="Times"
        value={zone}
        of={[
          ["local", `Local (${clockText(at, "local", 0)})`],
          ["utc", `UTC (${clockText(at, "utc", 0)})`],
        ]}
        onPick={(next) => setSettings({ zone: next })}
      />
      <section aria-label="Tour">
        <div class="head">
          <h2>Tour</h2>
        </div>
        <p class="pad row">
          <button type="button" class="button" onClick={startTour}>
            Show it again
          </button>
          <span class="dim">five steps, a minute</span>
        </p>
      </section>
      <Server />
      <Keyboard />
    </div>
  );
}

function Choices<Value extends string>({
  legend,
  value,
  of,
  onPick,
}: {
  legend: string;
  value: Value;
  of: readonly (readonly [Value, string])[];
  onPick: (value: Value) => void;
}): JSX.Element {
  return (
    <fieldset>
      <legend>{legend}</legend>
      {of.map(([each, title]) => (
        <label key={each} class="row">
          <input type="radio" name={legend} checked={value === each} onChange={() => onPick(each)} />
          {title}
        </label>
      ))}
    </fieldset>
  );
}

const Row = ({ name, children }: { name: string; children: ComponentChildren }): JSX.Element => (
  <>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </>
);

function Server(): JSX.Element {
  const asked = useAnswer<StatusAnswer>(apiUrl("status"));
  const of = status.value ?? asked.data;
  return (
    <section aria-label="This server">
      <div class="head">
        <h2>This server</h2>
        <span class="grow" />
        <a href={linkTo("/system")}>How it is doing</a>
      </div>
      {of === undefined ? (
        asked.error === undefined ? (
          <Loading what="the server" />
        ) : (
          <Failed error={asked.error} retry={asked.retry} />
        )
      ) : (
        <dl class="server-facts">
          <Row name="Version">Go3s {of.version}</Row>
          <Row name="Process">
            pid {of.server.pid}, up {durationText(of.uptime_s * 1e9)}
          </Row>
          {of.folder === undefined ? null : (
            <Row name="Data">
              <code>{of.folder}</code>
            </Row>
          )}
          <Row name="Kept for">{keptText(of)}</Row>
          <Row name="OTLP">
            <code>{of.addresses.otlp_http}</code> (HTTP), <code>{of.addresses.otlp_grpc}</code> (gRPC)
          </Row>
          <Row name="For Grafana">
            <code>{`${location.origin}/prometheus`}</code>, <code>/tempo</code>, <code>/jaeger</code>
          </Row>
          <Row name="Reached by">
            {of.asks_token === true
              ? "whoever has its token, also from other machines"
              : "this machine only: it listens on loopback and asks for no token"}
          </Row>
        </dl>
      )}
    </section>
  );
}

const day_s = 86_400;

const keptFor = (seconds: number): string =>
  seconds % day_s === 0 ? plural(seconds / day_s, "day") : durationText(seconds * 1e9);

/** keptText says how long rows are kept, one entry for tables that agree. */
function keptText({ store }: StatusAnswer): string {
  const names = new Map<number, string[]>();
  for (const { table, kept_s } of store.tables) names.set(kept_s, [...(names.get(kept_s) ?? []), table]);
  if (names.size === 0) return "not known yet";
  return [...names]
    .map(([seconds, tables]) => `${tables.join(", ")}: ${seconds === 0 ? "for ever" : keptFor(seconds)}`)
    .join("; ");
}

function Keyboard(): JSX.Element {
  void actionsChanged.value;
  const sections = new Map<string, Action[]>();
  for (const action of allActions()) {
    if (action.keys === undefined) continue;
    sections.set(action.section, [...(sections.get(action.section) ?? []), action]);
  }
  return (
    <section aria-label="Keyboard">
      <div class="head">
        <h2>Keyboard</h2>
        <span class="dim">each page has keys of its own besides: ? shows them there</span>
      </div>
      <div class="keyboard">
        {[...sections].map(([section, actions]) => (
          <div key={section}>
            <h3>{section}</h3>
            <ul>
              {actions.map((action) => (
                <li key={action.id}>
                  <span>{action.title}</span>
                  <Keys of={action.keys ?? ""} />
                </li>
              ))}
            </ul>
          </div>
        ))}
      </div>
    </section>
  );
}
