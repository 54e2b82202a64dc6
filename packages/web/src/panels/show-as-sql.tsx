import type { FilterParseAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { go, linkTo } from "../base/address.js";
import { apiUrl, get } from "../base/api.js";

/** ShowAsSql opens the query behind a filter on the SQL page. */
export function ShowAsSql({ signal, filter }: { signal: "traces" | "logs"; filter: string }): JSX.Element {
  const open = async () => {
    const parsed = await get<FilterParseAnswer>(apiUrl("filter/parse", { signal, filter }));
    if (parsed.ok) go(linkTo("/sql", { sql: parsed.sql }));
  };
  return (
    <button type="button" class="button bare" onClick={() => void open().catch(() => go(linkTo("/sql")))}>
      Show as SQL
    </button>
  );
}
