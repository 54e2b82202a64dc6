import type { MadeSink } from "../events/made.js";
import type { Exporter } from "../export/exporter.js";
import type { GoFacts } from "../go/facts.js";
import { newApiToggle } from "./api-toggle.js";
import type { ApiSwitches } from "./made-sites.js";
import { newMadeSpanWriter } from "./made-span-writer.js";
import { type MadeSpan, type MadeSpans, type MadeSpansOptions, newMadeSpans } from "./made-spans.js";

/** MadeOptions are what is needed from around it. */
export interface MadeOptions extends Omit<MadeSpansOptions, "emit"> {
  readonly exporter: Exporter;
  /** ended hears of every span when it is told. */
  readonly ended: (span: MadeSpan) => void;
  /** switches turns OpenTelemetry's API on in programs that have no SDK. */
  readonly switches: boolean;
  /** lose hears why that is not possible in a process. */
  readonly lose: (pid: number, why: string) => void;
}

/** Made tells the spans that Go programs make themselves by OpenTelemetry's API, without an SDK of their own. */
export interface Made extends Pick<MadeSpans, "enclosing" | "making" | "processExited"> {
  readonly sink: MadeSink;
  watch(pid: number, facts: GoFacts | undefined): void;
  unwatch(pid: number): void;
  flush(): void;
  dropped(): Readonly<Record<string, number>>;
  close(): void;
}

/** mostTries at a program that has just started: its loader may not have put its pointers in place yet. */
const mostTries = 4;

/** openMade makes one. */
export function openMade({ exporter, ended, switches: isAsked, lose, ...around }: MadeOptions): Made {
  const writer = newMadeSpanWriter(exporter);
  const spans = newMadeSpans({
    ...around,
    emit(span, json) {
      writer.write(span, json);
      ended(span);
    },
  });
  const toggle = newApiToggle();
  const waiting = new Map<number, { readonly switches: ApiSwitches; tries: number }>();

  const unwatch = (pid: number): void => {
    waiting.delete(pid);
    toggle.turnOff(pid);
  };
  const turnOn = (): void => {
    for (const [pid, each] of waiting) {
      const why = toggle.turnOn(pid, each.switches);
      each.tries++;
      if (why !== "" && each.tries < mostTries && each.switches.addresses.length > 0) continue;
      waiting.delete(pid);
      if (why !== "") lose(pid, `spans that it makes by OpenTelemetry's API: ${why}`);
    }
  };

  return {
    sink: spans,
    enclosing: spans.enclosing,
    making: spans.making,
    processExited(tgid) {
      spans.processExited(tgid);
      unwatch(tgid);
    },
    watch(pid, facts) {
      if (!isAsked || facts?.apiSwitches === undefined) return;
      waiting.set(pid, { switches: facts.apiSwitches, tries: 0 });
      turnOn();
    },
    unwatch,
    flush() {
      turnOn();
      writer.flush();
    },
    dropped: () => ({ ...spans.dropped(), ...writer.dropped() }),
    close() {
      toggle.close();
      writer.flush();
    },
  };
}
