import type { Facet, FacetsAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { param, range, setParams } from "../base/address.js";
import { useAnswer } from "../base/answers.js";
import { apiUrl } from "../base/api.js";
import { countText } from "../base/number.js";
import { cell } from "../base/text.js";
import { filterTerm } from "../widgets/attributes.js";
import { Region } from "../widgets/region.js";

/** withTerm adds a term to a filter, or takes it away when it is there. */
export function withTerm(filter: string, term: string): string {
  const words = ` ${filter} `;
  if (words.includes(` ${term} `)) return words.replace(` ${term} `, " ").trim();
  return `${filter} ${term}`.trim();
}

/** Facets are the commonest values beside a result; one click narrows to a value, Alt and a click leaves it out. */
export function Facets({ signal }: { signal: "traces" | "logs" }): JSX.Element {
  const filter = param("q");
  const answer = useAnswer<FacetsAnswer>(apiUrl("facets", { signal, filter, ...range.value }));
  return (
    <aside class="facets" aria-label="Values of the result">
      <Region answer={answer} what="values" rows={12}>
        {(data) => (
          <>
            {telling(data.facets).map((facet) => (
              <FacetGroup key={facet.key} facet={facet} filter={filter} />
            ))}
            {data.facets.length === 0 ? <p class="dim">No values in this range.</p> : null}
          </>
        )}
      </Region>
    </aside>
  );
}

// A value half again as common here as in all traffic is worth a word.
const worthTelling = 1.5;
const firstKeys = [
  "service",
  "operation",
  "event",
  "level",
  "status",
  "http.response.status_code",
  "http.route",
  "kind",
];

/** telling orders facets by what is asked most, and leaves out those that split nothing: one value that everything has. */
export function telling(facets: readonly Facet[]): readonly Facet[] {
  const place = (key: string) => (firstKeys.indexOf(key) + firstKeys.length + 1) % (firstKeys.length + 1);
  return facets
    .filter(
      (facet) =>
        facet.key !== "service.name" &&
        (facet.values.length > 1 || (facet.values[0]?.lift ?? 0) >= worthTelling),
    )
    .sort((a, b) => place(a.key) - place(b.key));
}

const FacetGroup = ({ facet, filter }: { facet: Facet; filter: string }): JSX.Element => (
  <section>
    <h3>{cell(facet.key, 60)}</h3>
    {facet.values.slice(0, 6).map((row) => {
      const term = filterTerm(facet.key, row.value);
      return (
        <button
          key={row.value}
          type="button"
          title={`${cell(row.value)}\nclick: only these; Alt+click: without these`}
          onClick={(event) => setParams({ q: withTerm(filter, event.altKey ? `-${term}` : term) })}
        >
          <span class="grow cut">{cell(row.value, 80) || "(empty)"}</span>
          {filter !== "" && row.lift >= worthTelling ? (
            <span class="lift">{row.lift.toFixed(1)}×</span>
          ) : null}
          <span class="dim">{countText(row.count)}</span>
        </button>
      );
    })}
  </section>
);
