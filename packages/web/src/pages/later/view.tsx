import type { JSX } from "preact";
import { address, linkTo } from "../../base/address.js";

interface Instead {
  readonly missing: string;
  readonly path: string;
  readonly link: string;
  readonly params?: Readonly<Record<string, string>>;
}

const profilesSql =
  "SELECT service_name, type, unit, stacks.functions[1] AS function, sum(value) AS total FROM profiles JOIN stacks USING stack_id GROUP BY ALL ORDER BY total DESC LIMIT 100";

const instead: Readonly<Record<string, Instead>> = {
  "/profiles": {
    missing: "Profiles are received and stored, but there is no flame graph for them here yet.",
    path: "/sql",
    link: "Find the hottest functions with SQL",
    params: { sql: profilesSql },
  },
  "/diagnosis": {
    missing: "Causes are not looked for by themselves yet.",
    path: "/",
    link: "See what is different now",
  },
  "/alerts": { missing: "There are no alert rules yet.", path: "/", link: "See what is different now" },
  "/probes": {
    missing: "Probes cannot be written here yet; `go3s trace` runs one from the terminal.",
    path: "/system",
    link: "See the probes that run",
  },
};

/** View says what is not there and which page helps now. */
export function View(): JSX.Element {
  const row = instead[address.value.path] ?? {
    missing: "This page is not there yet.",
    path: "/",
    link: "Overview",
  };
  return (
    <div class="note">
      <h1>{row.missing}</h1>
      <p>
        <a class="button primary" href={linkTo(row.path, row.params ?? {})}>
          {row.link}
        </a>
      </p>
    </div>
  );
}
