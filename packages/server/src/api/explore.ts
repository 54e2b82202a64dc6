import { fields as shortKeys } from "../filter/fields.js";
import { number, text } from "../query/rows.js";
import { type ApiContext, type ApiRequest, rows } from "./context.js";
import { filterOf, limitOf, rangeOf, signalOf } from "./parameters.js";
import type { Facet, FacetsAnswer, FieldRow, FieldsAnswer } from "./types.js";

// Enough for shares to be sound to about one percent, and read in well under a second.
const sample = 200_000;

/** facets answers GET facets. */
export async function facets(context: ApiContext, request: ApiRequest): Promise<FacetsAnswer> {
  const range = rangeOf(request.search, request.nowMs);
  const on = signalOf(request.search);
  const found = await rows(context, request, {
    statement: `${on}-facets`,
    range,
    on,
    filter: filterOf(request.search),
    parameters: { sample, values: limitOf(request.search, 8, 50) },
  });
  const byKey = new Map<string, Facet["values"][number][]>();
  for (const row of found) {
    const here = number(row, "matching") / Math.max(1, number(row, "matching_total"));
    const anywhere = number(row, "everywhere") / Math.max(1, number(row, "all_total"));
    const value = { value: text(row, "value"), count: number(row, "matching"), lift: here / anywhere };
    const key = text(row, "key");
    const known = byKey.get(key);
    if (known) known.push(value);
    else byKey.set(key, [value]);
  }
  const list = [...byKey].map(([key, values]) => ({ key, values }));
  return {
    range,
    facets: list.sort((a, b) => covered(b) - covered(a)),
    sampled: number(found[0] ?? {}, "all_total"),
  };
}

/** covered is how many rows a facet's shown values explain: ids, which are different in each row, come last. */
function covered(facet: Facet): number {
  return facet.values.reduce((sum, value) => sum + value.count, 0);
}

/** fields answers GET fields. */
export async function fields(context: ApiContext, request: ApiRequest): Promise<FieldsAnswer> {
  const range = rangeOf(request.search, request.nowMs);
  const on = signalOf(request.search);
  const found = await rows(context, request, { statement: `${on}-keys`, range, parameters: { sample } });
  const columns = shortKeys.map(
    ({ key, type, detail }): FieldRow => ({
      key,
      source: "column",
      type: type === "word" ? "text" : type,
      count: 0,
      detail,
    }),
  );
  const attributes = found.map(
    (row): FieldRow => ({
      key: text(row, "key"),
      source: text(row, "source") === "resource" ? "resource" : "attribute",
      type: number(row, "numeric") === 1 ? "number" : "text",
      count: number(row, "items"),
      detail: text(row, "source") === "resource" ? "attribute of the resource" : "attribute",
    }),
  );
  return { fields: [...columns, ...attributes] };
}
