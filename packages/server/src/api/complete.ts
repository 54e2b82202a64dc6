import { ServerError } from "../errors.js";
import { fieldOf } from "../filter/fields.js";
import { caretOf } from "../filter/place.js";
import { printText } from "../filter/print.js";
import { number, rowsOf, text } from "../query/rows.js";
import { statement } from "../query/statements.js";
import type { ApiContext, ApiRequest } from "./context.js";
import { fields } from "./explore.js";
import { limitOf, rangeOf, signalOf } from "./parameters.js";
import type { CompleteAnswer, CompleteItem } from "./types.js";

const sample = 200_000;

/** complete answers GET complete: what may stand at the cursor of a filter that is being typed. */
export async function complete(context: ApiContext, request: ApiRequest): Promise<CompleteAnswer> {
  const filter = request.search.get("text") ?? "";
  if (filter.length > 4096)
    throw new ServerError("bad-parameter", "text is longer than a filter can be", {
      hint: "4096 characters",
    });
  const cursor = request.search.get("cursor");
  const caret = caretOf(filter, cursor === null || cursor === "" ? filter.length : Number(cursor) || 0);
  const items =
    caret.key === undefined
      ? await keyItems(context, request, caret.part)
      : await valueItems(context, request, caret.key, caret.part);
  return { replace: caret.place, items: items.slice(0, limitOf(request.search, 20, 100)) };
}

async function keyItems(context: ApiContext, request: ApiRequest, part: string): Promise<CompleteItem[]> {
  const wanted = part.toLowerCase();
  const { fields: known } = await fields(context, request);
  // Short keys first, then attributes by how often they are seen; what begins with the text before what contains it.
  const matching = known.filter((field) => field.key.toLowerCase().includes(wanted));
  const begins = (key: string) => (key.toLowerCase().startsWith(wanted) ? 0 : 1);
  return matching
    .sort((a, b) => begins(a.key) - begins(b.key))
    .map(({ key, count, detail }) => ({
      kind: "key",
      label: key,
      insert: `${printText([key], "key")}:`,
      count,
      detail,
    }));
}

async function valueItems(
  context: ApiContext,
  request: ApiRequest,
  key: string,
  part: string,
): Promise<CompleteItem[]> {
  const field = fieldOf(key);
  const item = (value: string, count: number): CompleteItem => ({
    kind: "value",
    label: value,
    insert: printText([value], "value"),
    count,
    detail: "",
  });
  if (field?.type === "duration")
    return [">10ms", ">100ms", ">1s", "100ms..1s"].map((insert) => ({
      ...item(insert, 0),
      kind: "operator",
      insert,
    }));
  const range = rangeOf(request.search, request.nowMs);
  const signal = signalOf(request.search);
  const here = signal === "traces" ? field?.traces : field?.logs;
  const there = signal === "traces" ? field?.logs : field?.traces;
  const table =
    here === undefined && there !== undefined ? (signal === "traces" ? "logs" : "traces") : signal;
  const column = here ?? there;
  const sql = statement(`${table}-values`).replace("$column$", () => columnOf(column, field?.attributes));
  const json = await context.engine(
    sql,
    "JSONCompact",
    {
      from_ns: `${range.from_ms}000000`,
      to_ns: `${range.to_ms}000000`,
      sample,
      part,
      limit: 100,
      ...(column === undefined ? { key: field?.attributes[0] ?? key } : {}),
    },
    request.signal,
  );
  const found = rowsOf(json).map((row) => {
    const value = text(row, "value");
    return item(field?.type === "word" ? value.toLowerCase() : value, number(row, "items"));
  });
  const seen = new Set(found.map((row) => row.label));
  const possible = (field?.values ?? []).map((value) => value.toLowerCase());
  const unseen = possible.filter((value) => !seen.has(value) && value.includes(part.toLowerCase()));
  return [...found, ...unseen.map((value) => item(value, 0))];
}

/** columnOf gives the SQL of a key's value: a column of ours, or an attribute named by a bound parameter. */
function columnOf(column: string | undefined, attributes: readonly string[] | undefined): string {
  if (column !== undefined) return `toString(${column})`;
  return attributes === undefined || attributes.length > 0
    ? "if(attributes[{key:String}] != '', attributes[{key:String}], resource_attributes[{key:String}])"
    : "''";
}
