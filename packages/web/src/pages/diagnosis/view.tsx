import type { DiagnosisAnswer, ServicesAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { address, hrefOf, linkTo, param, range } from "../../base/address.js";
import { useAnswer } from "../../base/answers.js";
import { apiUrl } from "../../base/api.js";
import { resolve } from "../../base/range.js";
import { zone } from "../../base/settings.js";
import { cell } from "../../base/text.js";
import { agoText, clockText, durationText, now, unixMs } from "../../base/time.js";
import { ChangeList } from "../../panels/change-list.js";
import { changesOf } from "../../panels/changes.js";
import { EvidencePlot } from "../../panels/evidence-plot.js";
import { askedBefore, rememberAsked } from "../../panels/why.js";
import { filterTerm } from "../../widgets/attributes.js";
import { Service } from "../../widgets/figure.js";
import { Region } from "../../widgets/region.js";
import "../../styles/diagnosis.css";
import { Cause } from "./cause.js";
import { Question } from "./question.js";

/** View asks why a service is slow or failing and shows the answer with its evidence; without a question it offers some. */
export function View(): JSX.Element {
  const service = param("service");
  return (
    <div class="stack diagnosis">
      <div class="head">
        <h1>Diagnosis</h1>
        <span class="dim">why a service is slow, fails, or is asked more than usual</span>
      </div>
      <Question key={address.value.params.toString() + service} />
      {service === "" ? <Offered /> : <Answered service={service} />}
      <Before />
    </div>
  );
}

/** Offered is what could be asked now: what left its band. */
function Offered(): JSX.Element {
  const answer = useAnswer<ServicesAnswer>(apiUrl("services", { ...range.value }), true);
  return (
    <Region answer={answer} what="what is different now" rows={4}>
      {(data) => (
        <>
          <div class="head">
            <h2>
              {changesOf(data.services, data.buckets).length === 0
                ? "Nothing left its usual band"
                : "Different now"}
            </h2>
          </div>
          <ChangeList data={data} />
        </>
      )}
    </Region>
  );
}

function Answered({ service }: { service: string }): JSX.Element {
  const answer = useAnswer<DiagnosisAnswer>(
    apiUrl("diagnosis", {
      service,
      operation: param("operation"),
      figure: param("figure"),
      since: param("since"),
      ...range.value,
    }),
  );
  const { data, stale } = answer;
  useEffect(() => {
    if (data === undefined || stale) return;
    rememberAsked({
      href: hrefOf("/diagnosis", pinned()),
      service,
      at_ms: now(),
      said: data.causes[0]?.sentence ?? data.headline,
    });
  }, [data, stale]);
  return (
    <Region answer={answer} what="the diagnosis" rows={8}>
      {(found) => <Report data={found} />}
    </Region>
  );
}

/** pinned are the parameters of the question with the moments its range means now. */
function pinned(): Map<string, string> {
  const params = new Map(address.peek().params);
  const { from, to } = resolve(range.peek());
  return params.set("from", String(Math.round(from))).set("to", String(Math.round(to)));
}

const verdicts: Readonly<Record<DiagnosisAnswer["verdict"], string>> = {
  cause: "",
  none: "No cause found",
  quiet: "Nothing changed",
  little: "Too few requests",
};

function Report({ data }: { data: DiagnosisAnswer }): JSX.Element {
  return (
    <div class="stack">
      <section class="pad" aria-label="What happened">
        <h2 class="headline">
          {verdicts[data.verdict] === "" ? null : <span class="chip">{verdicts[data.verdict]}</span>}{" "}
          {cell(data.headline, 600)}
        </h2>
        <When data={data} />
        <EvidencePlot evidence={data.symptom} affected={data.affected} height={120} />
      </section>
      {data.causes.length === 0 ? null : (
        <ol class="causes" aria-label="Causes">
          {data.causes.map((cause, rank) => (
            <Cause key={cause.sentence} cause={cause} rank={rank} affected={data.affected} />
          ))}
        </ol>
      )}
      <div class="cols">
        <Listed title="Ruled out" lines={data.ruled_out} />
        <Listed title="Looked at" lines={data.looked_at} />
      </div>
    </div>
  );
}

function When({ data }: { data: DiagnosisAnswer }): JSX.Element {
  const clock = (ms: number) => clockText(unixMs(ms), zone.value, 0);
  const { affected, baseline } = data;
  const filter = [
    filterTerm("service", data.service_name),
    data.operation === "" ? "" : filterTerm("operation", data.operation),
    data.figure === "errors" ? "status:error" : "",
  ];
  return (
    <p class="dim row wrap">
      {affected === null || baseline === null ? (
        <span>
          Looked at from {clock(data.range.from_ms)} to {clock(data.range.to_ms)}.
        </span>
      ) : (
        <span>
          Since {clock(affected.from_ms)}, for {durationText((affected.to_ms - affected.from_ms) * 1e6)}; held
          against {clock(baseline.from_ms)} to {clock(baseline.to_ms)}.
        </span>
      )}
      <a href={linkTo(`/services/${encodeURIComponent(data.service_name)}`)}>Service</a>
      <a
        href={linkTo("/traces", {
          q: filter.join(" ").trim(),
          sort: data.figure === "latency" ? "duration" : undefined,
          ...(affected === null
            ? {}
            : { from: String(Math.round(affected.from_ms)), to: String(Math.round(affected.to_ms)) }),
        })}
      >
        Its traces
      </a>
    </p>
  );
}

const Listed = ({ title, lines }: { title: string; lines: readonly string[] }): JSX.Element | null =>
  lines.length === 0 ? null : (
    <section aria-label={title}>
      <h2>{title}</h2>
      <ul class="lines">
        {lines.map((line) => (
          <li key={line}>{cell(line, 400)}</li>
        ))}
      </ul>
    </section>
  );

/** Before lists what was asked in this browser. */
function Before(): JSX.Element | null {
  const asked = askedBefore();
  if (asked.length === 0) return null;
  return (
    <section aria-label="Asked before">
      <div class="head">
        <h2>Asked before</h2>
        <span class="dim">in this browser</span>
      </div>
      <ul class="asked">
        {asked.slice(0, 12).map((row) => (
          <li key={row.href}>
            <a href={row.href}>
              <Service name={row.service} />
            </a>
            <span class="cut" title={cell(row.said, 600)}>
              {cell(row.said, 300)}
            </span>
            <span class="dim">{agoText(unixMs(row.at_ms))}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
