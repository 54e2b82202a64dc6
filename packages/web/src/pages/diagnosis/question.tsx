import type { ServiceAnswer, ServicesAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { param, range, setParams } from "../../base/address.js";
import { useAnswer } from "../../base/answers.js";
import { apiUrl } from "../../base/api.js";
import { zone } from "../../base/settings.js";
import { cell } from "../../base/text.js";
import { clockText, unixMs } from "../../base/time.js";

const figures = [
  ["", "whatever stands out"],
  ["latency", "slow"],
  ["errors", "failing"],
  ["traffic", "asked more or less"],
] as const;

/** Question is the form: which service, which operation, what about it, since when. */
export function Question(): JSX.Element {
  const [service, setService] = useState(param("service"));
  const services = useAnswer<ServicesAnswer>(apiUrl("services", { ...range.value }));
  const names = services.data?.services.map((row) => row.service_name) ?? [];
  const all = service === "" || names.includes(service) ? names : [service, ...names];
  const own = useAnswer<ServiceAnswer>(
    service === "" ? undefined : apiUrl(`services/${encodeURIComponent(service)}`, { ...range.value }),
  );
  const [operation, setOperation] = useState(param("operation"));
  const [figure, setFigure] = useState(param("figure"));
  const since = param("since");
  const operations = (own.data?.service_name === service ? own.data.operations : []).map(
    (row) => row.operation,
  );
  const shown = operation === "" || operations.includes(operation) ? operations : [operation, ...operations];
  return (
    <form
      class="strip"
      aria-label="The question"
      onSubmit={(event) => {
        event.preventDefault();
        setParams({ service, operation, figure });
      }}
    >
      <label class="row">
        <span class="dim">Why is</span>
        <select
          class="input"
          value={service}
          onChange={(event) => {
            setService(event.currentTarget.value);
            setOperation("");
          }}
        >
          <option value="">a service</option>
          {all.map((name) => (
            <option key={name} value={name}>
              {cell(name, 60)}
            </option>
          ))}
        </select>
      </label>
      <label class="row">
        <span class="dim">in</span>
        <select class="input" value={operation} onChange={(event) => setOperation(event.currentTarget.value)}>
          <option value="">all operations</option>
          {[...new Set(shown)].map((name) => (
            <option key={name} value={name}>
              {cell(name, 60)}
            </option>
          ))}
        </select>
      </label>
      <label class="row">
        <span class="readers">What about it</span>
        <select class="input" value={figure} onChange={(event) => setFigure(event.currentTarget.value)}>
          {figures.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      {since === "" ? null : (
        <span class="row">
          <span class="dim">since {clockText(unixMs(Number(since)), zone.value, 0)}</span>
          <button
            type="button"
            class="button bare"
            title="Find out by itself when it began"
            onClick={() => setParams({ since: undefined })}
          >
            ×<span class="readers">Find out by itself when it began</span>
          </button>
        </span>
      )}
      <button type="submit" class="button primary" disabled={service === ""}>
        Why?
      </button>
    </form>
  );
}
