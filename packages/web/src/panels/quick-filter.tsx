import type { FieldsAnswer, ServicesAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { range, setParams } from "../base/address.js";
import { useAnswer } from "../base/answers.js";
import { apiUrl } from "../base/api.js";
import { filterTerm } from "../widgets/attributes.js";
import { withTerm } from "./facets.js";

// The builder writes the same text that the bar shows: there is one filter, not two.

const durations = ["1ms", "10ms", "100ms", "500ms", "1s", "5s"];

/** QuickFilter adds terms for service, status, duration and any attribute to the filter. */
export function QuickFilter({ filter }: { filter: string }): JSX.Element {
  const services = useAnswer<ServicesAnswer>(apiUrl("services", { ...range.value }));
  const fields = useAnswer<FieldsAnswer>(apiUrl("fields", { signal: "traces", ...range.value }));
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const add = (term: string) => setParams({ q: withTerm(filter, term) });
  const hasError = ` ${filter} `.includes(" status:error ");
  return (
    <form
      class="strip"
      aria-label="Build the filter"
      onSubmit={(event) => {
        event.preventDefault();
        if (key.trim() === "") return;
        add(value.trim() === "" ? `${key.trim()}:*` : filterTerm(key.trim(), value.trim()));
        setValue("");
      }}
    >
      <select
        class="input"
        aria-label="Service"
        value=""
        onChange={(event) => {
          if (event.currentTarget.value !== "") add(filterTerm("service", event.currentTarget.value));
          event.currentTarget.value = "";
        }}
      >
        <option value="">service…</option>
        {services.data?.services.map((row) => (
          <option key={row.service_name} value={row.service_name}>
            {row.service_name.slice(0, 80)}
          </option>
        ))}
      </select>
      <select
        class="input"
        aria-label="Longer than"
        value=""
        onChange={(event) => {
          if (event.currentTarget.value !== "") add(`duration:>${event.currentTarget.value}`);
          event.currentTarget.value = "";
        }}
      >
        <option value="">longer than…</option>
        {durations.map((text) => (
          <option key={text} value={text}>
            {text}
          </option>
        ))}
      </select>
      <button type="button" class="button" aria-pressed={hasError} onClick={() => add("status:error")}>
        Errors only
      </button>
      <span class="row">
        <input
          class="input"
          list="attribute-keys"
          placeholder="attribute"
          aria-label="Attribute"
          size={16}
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        <datalist id="attribute-keys">
          {fields.data?.fields.map((row) => (
            <option key={`${row.source}${row.key}`} value={row.key} />
          ))}
        </datalist>
        <input
          class="input"
          placeholder="value (empty: present)"
          aria-label="Value of the attribute"
          size={18}
          value={value}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
        <button type="submit" class="button" disabled={key.trim() === ""}>
          Add
        </button>
      </span>
    </form>
  );
}
