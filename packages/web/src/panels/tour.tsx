import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { address, go, linkTo } from "../base/address.js";
import { setSettings, settings } from "../base/settings.js";
import { useActions } from "../base/use-actions.js";

interface Step {
  readonly path: string;
  readonly title: string;
  readonly text: string;
}

const steps: readonly Step[] = [
  {
    path: "/",
    title: "What is different now",
    text: "The overview compares each service with its own earlier hour and names what left its band. Nothing has to be set up: Go services on this machine are found by themselves, anything else sends OTLP.",
  },
  {
    path: "/map",
    title: "Who talks to whom",
    text: "From spans, and from every TCP connection of this machine, so that databases and programs nobody instrumented are there, too. A click on an edge shows its rate, errors and traces.",
  },
  {
    path: "/traces",
    title: "Find a request",
    text: "Press / and type: service:checkout duration:>200ms. The text and the columns beside it are the same filter; every address can be sent to somebody. Enter opens a trace, j and k walk.",
  },
  {
    path: "/sql",
    title: "Ask anything",
    text: "Spans, logs, metrics and profiles are tables of one database. Every page can show itself as SQL, and Grafana reads the same data at /prometheus, /tempo and /jaeger.",
  },
  {
    path: "/probes",
    title: "Ask the kernel",
    text: "Pick a probe, or write one: it compiles as you type, runs for a while, and leaves nothing behind. That was it; ? lists the keys of every page.",
  },
];

/** tourStep is the step on the screen, undefined while there is no tour. */
const tourStep = signal<number | undefined>(undefined);

/** startTour begins with the first step. */
export function startTour(): void {
  show(0);
}

function show(at: number): void {
  const step = steps[at];
  if (step === undefined) {
    end();
    return;
  }
  tourStep.value = at;
  if (address.peek().path !== step.path) go(linkTo(step.path));
}

/** end is for ever: the tour is not offered again, and is found in the settings. */
function end(): void {
  tourStep.value = undefined;
  setSettings({ tour: "done" });
}

/** TourOffer stands above the overview until it was taken or refused once. */
export function TourOffer(): JSX.Element | null {
  if (settings.value.tour === "done" || tourStep.value !== undefined || address.value.path !== "/")
    return null;
  return (
    <aside class="tour-offer" aria-label="Tour">
      <span>
        <strong>New here?</strong> Five steps show what this can do, in a minute.
      </span>
      <button type="button" class="button" onClick={startTour}>
        Show me
      </button>
      <button type="button" class="button bare" onClick={end}>
        Never
      </button>
    </aside>
  );
}

/** Tour is the step on the screen: a card beside the page it is about, which stays usable. */
export function Tour(): JSX.Element | null {
  const at = tourStep.value;
  return at === undefined ? null : <Card at={at} />;
}

function Card({ at }: { at: number }): JSX.Element | null {
  const next = useRef<HTMLButtonElement>(null);
  // Before the next key: Enter walks on.
  useLayoutEffect(() => next.current?.focus(), [at]);
  useActions([{ id: "tour-end", title: "End the tour", section: "View", keys: "Escape", run: end }]);
  const step = steps[at];
  if (step === undefined) return null;
  const isLast = at === steps.length - 1;
  return (
    <aside class="tour" role="dialog" aria-label={`Tour, step ${at + 1} of ${steps.length}`}>
      <span class="dim">
        {at + 1} of {steps.length}
      </span>
      <h2>{step.title}</h2>
      <p>{step.text}</p>
      <div class="row">
        <button ref={next} type="button" class="button primary" onClick={() => show(at + 1)}>
          {isLast ? "Done" : "Next"}
        </button>
        {at === 0 ? null : (
          <button type="button" class="button" onClick={() => show(at - 1)}>
            Back
          </button>
        )}
        <span class="grow" />
        {isLast ? null : (
          <button type="button" class="button bare" onClick={end}>
            End
          </button>
        )}
      </div>
    </aside>
  );
}
