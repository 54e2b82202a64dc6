import type { ComponentChildren, JSX } from "preact";
import { linkTo } from "../base/address.js";
import { plural } from "../base/number.js";
import { status } from "../base/stream.js";

/** FirstSteps is what an empty page says: what is watched, what could be, three things to try. */
export function FirstSteps({ children }: { children?: ComponentChildren }): JSX.Element {
  const now = status.value;
  const watched = now?.agent.processes.filter((row) => row.watched) ?? [];
  const otlp = now?.addresses.otlp_http ?? "http://127.0.0.1:4318";
  return (
    <div class="note">
      <h1>No request was seen in this range</h1>
      {children}
      <p>
        {watched.length > 0
          ? `${plural(watched.length, "process is", "processes are")} watched: the next request shows here.`
          : "No process is watched yet. Go programs that serve HTTP are found by themselves when they run."}
      </p>
      <ol class="steps">
        <li>
          <strong>Run a Go service</strong> on this machine, or call one that runs: its requests need no
          change in it.
        </li>
        <li>
          <strong>Send OTLP</strong> from anything: <code>OTEL_EXPORTER_OTLP_ENDPOINT={otlp}</code>
        </li>
        <li>
          <strong>See a small shop</strong> with traffic: <code>npm start -- --demo</code>
        </li>
      </ol>
      <p>
        <a href={linkTo("/map")}>TCP connections of this machine</a> ·{" "}
        <a href={linkTo("/system")}>what is watched, and why not</a>
      </p>
    </div>
  );
}
