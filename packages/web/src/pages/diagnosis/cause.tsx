import type { DiagnosisCause, Range } from "@go3s/server";
import type { JSX } from "preact";
import { linkTo } from "../../base/address.js";
import { zone } from "../../base/settings.js";
import { cell } from "../../base/text.js";
import { clockText, durationText, msOfNs } from "../../base/time.js";
import { EvidencePlot } from "../../panels/evidence-plot.js";
import { Service } from "../../widgets/figure.js";

/** Cause is one claim: its sentence, how sure it is, what else fits, its plots and requests to look at. */
export function Cause({
  cause,
  rank,
  affected,
}: {
  cause: DiagnosisCause;
  rank: number;
  affected: Range | null;
}): JSX.Element {
  return (
    <li class="cause">
      <div class="claim">
        <span class="rank" aria-hidden="true">
          {rank + 1}
        </span>
        <div class="grow">
          <p class="sentence">{cell(cause.sentence, 900)}</p>
          <p class="dim row wrap">
            <span class={`sure ${cause.confidence.replace(" ", "-")}`}>{cause.confidence}</span>
            <span>explains {Math.round(cause.share * 100)} %</span>
            <a href={linkTo(`/services/${encodeURIComponent(cause.service_name)}`)}>
              <Service name={cause.service_name} />
            </a>
          </p>
          {cause.notes.length === 0 ? null : (
            <ul class="lines">
              {cause.notes.map((note) => (
                <li key={note}>{cell(note, 500)}</li>
              ))}
            </ul>
          )}
        </div>
      </div>
      <div class="cols">
        {cause.evidence.map((evidence) => (
          <EvidencePlot key={evidence.sql} evidence={evidence} affected={affected} />
        ))}
      </div>
      {cause.examples.length === 0 ? null : (
        <p class="pad row wrap">
          <span class="dim">Requests to look at:</span>
          {cause.examples.map((example) => (
            <a key={example.span_id} href={linkTo(`/traces/${example.trace_id}`, { span: example.span_id })}>
              {durationText(example.duration_ns)}{" "}
              <span class="dim">{clockText(msOfNs(example.timestamp_ns), zone.value, 0)}</span>
            </a>
          ))}
        </p>
      )}
    </li>
  );
}
