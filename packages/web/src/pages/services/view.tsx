import type { ServicesAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { param, range, setParams } from "../../base/address.js";
import { useAnswer } from "../../base/answers.js";
import { apiUrl } from "../../base/api.js";
import { plural } from "../../base/number.js";
import { cell } from "../../base/text.js";
import { FirstSteps } from "../../panels/first-steps.js";
import { ServiceTable } from "../../panels/service-table.js";
import { LastSeen, Region } from "../../widgets/region.js";

/** View lists all services of the range. */
export function View(): JSX.Element {
  const answer = useAnswer<ServicesAnswer>(apiUrl("services", { ...range.value }), true);
  const wanted = param("name");
  return (
    <div class="stack">
      <div class="head">
        <h1>Services</h1>
        <input
          class="input"
          type="search"
          placeholder="name contains"
          aria-label="Service name contains"
          value={wanted}
          onInput={(event) => setParams({ name: event.currentTarget.value }, "replace")}
        />
      </div>
      <Region answer={answer} what="services" rows={10}>
        {(data) => {
          if (data.services.length === 0) {
            return (
              <FirstSteps>
                <LastSeen what="span" last={data.last_seen_ms} />
              </FirstSteps>
            );
          }
          const hits = data.services.filter((row) =>
            row.service_name.toLowerCase().includes(wanted.toLowerCase()),
          ).length;
          return (
            <>
              <ServiceTable answer={data} wanted={wanted} />
              {hits > 0 ? null : (
                <p class="pad">
                  None of {plural(data.services.length, "service")} contains “{cell(wanted, 60)}”.{" "}
                  <button type="button" class="button" onClick={() => setParams({ name: undefined })}>
                    Show all
                  </button>
                </p>
              )}
            </>
          );
        }}
      </Region>
    </div>
  );
}
