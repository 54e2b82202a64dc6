import type { TcpAnswer, TcpRow } from "@go3s/server";
import type { ComponentChildren, JSX } from "preact";
import { linkTo, range } from "../base/address.js";
import { useAnswer } from "../base/answers.js";
import { apiUrl } from "../base/api.js";
import { plural } from "../base/number.js";
import { status } from "../base/stream.js";
import { cell } from "../base/text.js";

const asked = 500;

/** FirstSteps is what an empty page says: what is true of this machine already, three things to click, and how requests come. */
export function FirstSteps({ children }: { children?: ComponentChildren }): JSX.Element {
  const now = status.value;
  const otlp = now?.addresses.otlp_http ?? "http://127.0.0.1:4318";
  const processes = now?.agent.processes ?? [];
  const watched = processes.filter((row) => row.watched).length;
  const { data } = useAnswer<TcpAnswer>(apiUrl("tcp", { ...range.value, limit: asked }), true);
  return (
    <div class="note">
      <h1>No request was seen in this range</h1>
      {children}
      <ul class="things">
        <Thing href={linkTo("/map")} title="Who talks to whom here">
          {connectionsText(data)}
        </Thing>
        <Thing href={linkTo("/probes", { example: "opens" })} title="Which files are being opened">
          A probe in the kernel, ready to run; a dozen others beside it.
        </Thing>
        <Thing href={linkTo("/system")} title="What is watched, and why not">
          {processes.length === 0
            ? "The agent, its probes, what they cost."
            : `${plural(processes.length, "process was", "processes were")} looked at, ${watched === 0 ? "none is" : plural(watched, "is", "are")} watched for requests.`}
        </Thing>
      </ul>
      <p>Requests show here once there are some:</p>
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
    </div>
  );
}

const Thing = ({
  href,
  title,
  children,
}: {
  href: string;
  title: string;
  children: ComponentChildren;
}): JSX.Element => (
  <li>
    <a href={href}>
      <strong>{title}</strong>
      <span>{children}</span>
    </a>
  </li>
);

const end = ({ service_name, peer_service, peer }: TcpRow): string =>
  `${service_name || "?"} → ${peer_service || peer}`;

/** connectionsText says what TCP connections were seen, first of all those that failed. */
function connectionsText(data: TcpAnswer | undefined): string {
  const rows = data?.connections ?? [];
  const [first] = rows;
  if (first === undefined) return "TCP connections of every program, as they come.";
  const [failed, ...others] = rows.filter(({ error_type }) => error_type !== "");
  const seen = `${data?.more === true ? "More than " : ""}${plural(rows.length, "connection")}`;
  if (failed !== undefined)
    return `${seen}; ${others.length + 1} failed: ${cell(end(failed), 80)} (${cell(failed.error_type, 40)}).`;
  return `${seen}, the newest: ${cell(end(first), 80)}.`;
}
