import type { ServicesAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { linkTo } from "../base/address.js";
import { figureText, rateFigure } from "../base/number.js";
import { zone } from "../base/settings.js";
import { clockText, durationText, unixMs } from "../base/time.js";
import { Service } from "../widgets/figure.js";
import { Sparkline } from "../widgets/sparkline.js";
import { type Change, changesOf } from "./changes.js";
import { whyHref } from "./why.js";

const words: Readonly<Record<Change["figure"], string>> = { rate: "rate", errors: "errors", p99: "p99" };
const figures = { rate: "traffic", errors: "errors", p99: "latency" } as const;

function amount(change: Change, value: number): string {
  return change.figure === "p99" ? durationText(value) : figureText(rateFigure(value));
}

function told({ factor }: Change): string {
  if (!Number.isFinite(factor)) return "new";
  if (factor >= 1) return `${factor >= 10 ? Math.round(factor) : factor.toFixed(1)}× up`;
  return factor === 0 ? "stopped" : `down to ${Math.round(factor * 100)} %`;
}

/** ChangeList is what left its band, each with its curve, since when, and the question why. */
export function ChangeList({ data }: { data: ServicesAnswer }): JSX.Element {
  return (
    <ul class="changes">
      {changesOf(data.services, data.buckets).map((change) => (
        <li key={`${change.service}${change.figure}`}>
          <a class="cut" href={linkTo(`/services/${encodeURIComponent(change.service)}`)}>
            <Service name={change.service} />
          </a>
          <span class={change.figure === "errors" ? "bad" : ""}>
            <strong>
              {words[change.figure]} {told(change)}
            </strong>
          </span>
          <span class="dim cut">
            {amount(change, change.now)}, usually {amount(change, change.usual)}
          </span>
          <Sparkline
            values={change.values}
            label={`${words[change.figure]} over the range`}
            bad={change.figure === "errors"}
          />
          <span class="dim">since {clockText(unixMs(change.since_ms), zone.value, 0)}</span>
          <span class="row">
            <a
              class="button primary"
              href={whyHref({
                service: change.service,
                figure: figures[change.figure],
                since_ms: change.since_ms,
              })}
              aria-label={`Why? ${words[change.figure]} of ${change.service}`}
            >
              Why?
            </a>
            <a
              class="button"
              href={linkTo("/traces", {
                q: `service:${JSON.stringify(change.service)}${change.figure === "errors" ? " status:error" : ""}`,
                from: String(Math.round(change.since_ms)),
                sort: change.figure === "p99" ? "duration" : undefined,
              })}
            >
              Traces since then
            </a>
          </span>
        </li>
      ))}
    </ul>
  );
}
