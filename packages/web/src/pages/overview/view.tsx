import type { ServicesAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { address, changed, hrefOf, linkTo, range } from "../../base/address.js";
import { useAnswer } from "../../base/answers.js";
import { apiUrl } from "../../base/api.js";
import { plural } from "../../base/number.js";
import { presets, resolve } from "../../base/range.js";
import { zone } from "../../base/settings.js";
import { status } from "../../base/stream.js";
import { clockText, now, unixMs } from "../../base/time.js";
import { ChangeList } from "../../panels/change-list.js";
import { changesOf, tooEarly } from "../../panels/changes.js";
import { FirstSteps } from "../../panels/first-steps.js";
import { ServiceTable } from "../../panels/service-table.js";
import { Service } from "../../widgets/figure.js";
import { LastSeen, Region } from "../../widgets/region.js";

/** View is the overview: what is different, all services, what is watched. */
export function View(): JSX.Element {
  const answer = useAnswer<ServicesAnswer>(apiUrl("services", { ...range.value }), true);
  return (
    <div class="stack">
      <Region answer={answer} what="services" rows={8}>
        {(data) =>
          data.services.length === 0 ? (
            <FirstSteps>
              <LastSeen what="span" last={data.last_seen_ms} />
            </FirstSteps>
          ) : (
            <>
              <Different data={data} />
              <div class="head">
                <h2>Services</h2>
                <span class="dim">{plural(data.services.length, "service")}</span>
                <span class="grow" />
                <a href={linkTo("/map")}>Map</a>
              </div>
              <ServiceTable answer={data} />
            </>
          )
        }
      </Region>
      <Watched />
    </div>
  );
}

function Different({ data }: { data: ServicesAnswer }): JSX.Element {
  const changes = changesOf(data.services, data.buckets);
  const since = tooEarly(data.services, data.buckets);
  const failing = data.services.filter((row) => row.errors > 0).length;
  return (
    <section aria-label="What is different now">
      <div class="head">
        <h1>
          {since !== undefined
            ? "Too early to tell what is unusual"
            : changes.length === 0
              ? "Nothing left its usual band"
              : "Different now"}
        </h1>
        <span class="dim">
          {since === undefined
            ? `${plural(data.services.length, "service")} compared with the earlier part of the range`
            : `the range has requests since ${clockText(unixMs(since), zone.value, 0)}`}
          {failing === 0 ? "; no errors" : `; ${failing} with errors`}
        </span>
        {since === undefined ? null : <Closer since={since} />}
      </div>
      {changes.length === 0 ? null : <ChangeList data={data} />}
    </section>
  );
}

/** Closer leads to the shortest range that holds all there is. */
function Closer({ since }: { since: number }): JSX.Element | null {
  const at = now();
  const preset = presets.find((row) => resolve({ from: row.from, to: "now" }, at).from <= since);
  if (preset === undefined || preset.from === range.value.from) return null;
  return (
    <a href={hrefOf("/", changed(address.value.params, { from: preset.from, to: undefined }))}>
      Show the {preset.label}
    </a>
  );
}

function Watched(): JSX.Element | null {
  const state = status.value;
  if (state === undefined) return null;
  const watched = state.agent.processes.filter((row) => row.watched);
  const rest = state.agent.processes.length - watched.length;
  return (
    <section aria-label="What is watched">
      <div class="head">
        <h2>Watched on this machine</h2>
        <span class="dim">
          {state.agent.state === "running"
            ? plural(watched.length, "process", "processes")
            : `agent ${state.agent.state}`}
          {rest > 0 ? `, ${rest} seen and not watched` : ""}
        </span>
        <span class="grow" />
        <a href={linkTo("/system")}>Why, and what it costs</a>
      </div>
      {state.agent.reason === "" ? null : (
        <p class="pad">
          {state.agent.reason} <span class="dim">{state.agent.hint}</span>
        </p>
      )}
      <ul class="chips">
        {watched.slice(0, 40).map((row) => (
          <li key={row.pid}>
            <a href={linkTo(`/services/${encodeURIComponent(row.service_name)}`)} title={row.executable}>
              <Service name={row.service_name} />
            </a>
            <span class="dim">
              {row.runtime} · pid {row.pid}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
