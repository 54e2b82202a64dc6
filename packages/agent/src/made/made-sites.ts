import { BinaryError, type GoBinary } from "@go3s/binary";
import { type CallSite, callCookie } from "../go/call-site.js";
import { type LoadPlace, loadPlaceOf } from "../runtime/load-bias.js";

/** Sdk is where spans for agents are made: a module, and a copy in the API that it does not need the module for. */
interface Sdk {
  readonly start: string;
  readonly ended: string;
  /** asks is the function of the API that goes there when its switch is on; toggle is that switch, a *bool (since 1.35). */
  readonly asks: string;
  readonly toggle: string;
}

const sdks: readonly Sdk[] = [
  {
    start: "go.opentelemetry.io/auto/sdk.(*tracer).start",
    ended: "go.opentelemetry.io/auto/sdk.(*span).ended",
    asks: "go.opentelemetry.io/otel/internal/global.(*tracer).newSpan",
    toggle: "go.opentelemetry.io/otel/internal/global.autoInstEnabled",
  },
  {
    start: "go.opentelemetry.io/otel/trace.(*autoTracer).start",
    ended: "go.opentelemetry.io/otel/trace.(*autoSpan).ended",
    asks: "go.opentelemetry.io/otel/trace.noopSpan.tracerProvider",
    toggle: "go.opentelemetry.io/otel/trace.autoInstEnabled",
  },
];

/** ApiSwitches are where a program keeps the addresses of the switches that have OpenTelemetry's API make spans for agents. */
export interface ApiSwitches {
  /** addresses are the link-time addresses of each *bool; none for a program without symbols. */
  readonly addresses: readonly number[];
  readonly place: LoadPlace;
}

/** MadeSites are the places in a program that tell the spans it makes itself by OpenTelemetry's API, without an SDK. */
export interface MadeSites {
  readonly sites: readonly CallSite[];
  /** switches are undefined for a program that has none. */
  readonly switches: ApiSwitches | undefined;
  readonly lost: readonly string[];
}

/** madeSites finds them; none in a program without OpenTelemetry's API. */
export function madeSites(binary: GoBinary, goid: number | undefined): MadeSites {
  const sites: CallSite[] = [];
  const addresses: number[] = [];
  let asks = false;
  try {
    for (const sdk of goid === undefined ? [] : sdks) {
      const start = binary.functions.find(sdk.start);
      const ended = binary.functions.find(sdk.ended);
      if (start === undefined || ended === undefined) continue;
      const place = (fn: typeof start): number => binary.probeAddress(fn).fileOffset;
      sites.push({ program: "spanStart", fileOffset: place(start), cookie: callCookie({}, goid ?? 0) });
      sites.push({ program: "spanEnd", fileOffset: place(ended), cookie: 0n });
      if (binary.functions.find(sdk.asks) === undefined) continue;
      asks = true;
      const toggle = binary.elf.symbols()?.find(sdk.toggle)?.value;
      if (toggle !== undefined) addresses.push(toggle);
    }
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    return { sites: [], switches: undefined, lost: [`spans by OpenTelemetry's API: ${error.message}`] };
  }
  return { sites, switches: asks ? { addresses, place: loadPlaceOf(binary.elf) } : undefined, lost: [] };
}
