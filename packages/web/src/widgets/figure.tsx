import type { JSX } from "preact";
import { hueClass } from "../base/colour.js";
import { bytesFigure, countText, rateFigure, shareFigure } from "../base/number.js";
import { zone } from "../base/settings.js";
import { cell } from "../base/text.js";
import {
  agoText,
  clockText,
  durationFigure,
  type Figure,
  isoText,
  msOfNs,
  type UnixMs,
} from "../base/time.js";

/** Fig draws a figure with its unit small and dim; `exact` is what hovering and copying give. */
export function Fig({ of, exact }: { of: Figure; exact?: string }): JSX.Element {
  return (
    <span title={exact}>
      {of.value}
      {of.unit === "" ? null : <span class="unit">{of.unit}</span>}
    </span>
  );
}

/** Duration draws nanoseconds with three significant figures. */
export function Duration({ ns }: { ns: number | null | undefined }): JSX.Element {
  if (ns === null || ns === undefined || !Number.isFinite(ns)) return <span class="none">–</span>;
  return <Fig of={durationFigure(ns)} exact={`${countText(ns)} ns`} />;
}

/** Rate draws a number per second. */
export const Rate = ({ of }: { of: number }): JSX.Element => (
  <Fig of={rateFigure(of)} exact={`${of} per second`} />
);

/** Bytes draws a size. */
export const Bytes = ({ of }: { of: number | null }): JSX.Element =>
  of === null ? <span class="none">–</span> : <Fig of={bytesFigure(of)} exact={`${countText(of)} bytes`} />;

/** ErrorShare draws a share of errors: red only when there are some. */
export function ErrorShare({ share, errors }: { share: number; errors: number }): JSX.Element {
  if (errors === 0) return <span class="none">0</span>;
  return (
    <span class="bad">
      <Fig of={shareFigure(share)} exact={`${countText(errors)} errors`} />
    </span>
  );
}

/** Service draws a service's name with its hue. */
export const Service = ({ name }: { name: string }): JSX.Element => (
  <span class={`service ${hueClass(name)}`} title={cell(name)}>
    <span>{cell(name, 120) || "(no name)"}</span>
  </span>
);

/** Moment draws a time of day in the page's zone; the exact moment is its title. */
export function Moment({ ns, ms, digits = 3 }: { ns?: string; ms?: UnixMs; digits?: 0 | 3 }): JSX.Element {
  const moment = ms ?? msOfNs(ns ?? "0");
  return (
    <time
      dateTime={isoText(moment)}
      title={ns === undefined ? isoText(moment) : `${isoText(moment)} (${ns} ns)`}
    >
      {clockText(moment, zone.value, digits)}
    </time>
  );
}

/** Ago draws how long a moment is gone. */
export const Ago = ({ ms }: { ms: UnixMs }): JSX.Element => (
  <time dateTime={isoText(ms)} title={isoText(ms)}>
    {agoText(ms)}
  </time>
);
