import { get } from "../../base/api.js";
import type { Interval } from "../../base/range.js";
import type { Completions, Option } from "../../widgets/editor/editor.js";
import { aggregations, promqlWords } from "../../widgets/editor/tokens.js";
import { during, type Metadata, promUrl, type Success } from "./answers.js";
import { functions } from "./functions.js";

/** Spot is what the cursor stands in. `metric` is "" where none is named. */
export type Spot =
  | { readonly kind: "name"; readonly from: number }
  | { readonly kind: "label"; readonly from: number; readonly metric: string }
  | { readonly kind: "value"; readonly from: number; readonly metric: string; readonly label: string }
  | { readonly kind: "duration"; readonly from: number }
  | { readonly kind: "none" };

const word = /[\p{L}\p{N}_:.]*$/u;
const closing: Readonly<Record<string, string>> = { "{": "}", "(": ")", "[": "]" };

/** spotOf reads an expression up to the cursor: which brackets and quotes are open, and what stands before them. */
export function spotOf(text: string, at: number): Spot {
  const open: { readonly sign: string; readonly at: number }[] = [];
  let quote = "";
  let quoteAt = 0;
  for (let i = 0; i < at; i++) {
    const sign = text.charAt(i);
    if (quote !== "") {
      if (sign === "\\" && quote !== "`") i++;
      else if (sign === quote) quote = "";
    } else if (sign === '"' || sign === "'" || sign === "`") {
      quote = sign;
      quoteAt = i;
    } else if (sign === "#") {
      const end = text.indexOf("\n", i);
      if (end < 0 || end >= at) return { kind: "none" };
      i = end;
    } else if (sign in closing) open.push({ sign, at: i });
    else if (sign === "}" || sign === ")" || sign === "]") open.pop();
  }
  const inside = open[open.length - 1];
  const before = inside === undefined ? "" : text.slice(0, inside.at);
  const from = at - (word.exec(text.slice(0, at))?.[0].length ?? 0);
  if (quote !== "") {
    if (inside?.sign !== "{") return { kind: "none" };
    const label = /([\p{L}\p{N}_:.]+)"?\s*(?:=~|!~|!=|=)\s*$/u.exec(text.slice(inside.at + 1, quoteAt))?.[1];
    if (label === undefined) return { kind: "none" };
    return { kind: "value", from: quoteAt + 1, metric: word.exec(before.trimEnd())?.[0] ?? "", label };
  }
  if (inside?.sign === "[") return { kind: "duration", from };
  if (inside?.sign === "{") {
    if (/(=~|!~|!=|=)\s*$/.test(text.slice(inside.at, from))) return { kind: "none" };
    return { kind: "label", from, metric: word.exec(before.trimEnd())?.[0] ?? "" };
  }
  if (inside?.sign === "(" && /\b(by|without|on|ignoring|group_left|group_right)\s*$/.test(before)) {
    return { kind: "label", from, metric: onlyMetric(text) };
  }
  return { kind: "name", from };
}

/** onlyMetric is the metric before a brace or a range, of which the labels of a grouping are. */
function onlyMetric(text: string): string {
  return /([\p{L}_:][\p{L}\p{N}_:.]*)\s*(?=[[{])/u.exec(text)?.[1] ?? "";
}

const asked = new Map<string, Promise<readonly string[]>>();
const askedMost = 200;

/** listOf asks for names or values once a minute; one that fails is asked for again. */
function listOf(path: string, params: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const url = promUrl(path, params);
  const key = `${path} ${params["match[]"] ?? ""} ${Math.floor(performance.now() / 60_000)}`;
  const known = asked.get(key);
  if (known !== undefined) return known;
  if (asked.size > askedMost) asked.clear();
  const answer = get<Success<readonly string[]>>(url).then(
    ({ data }) => data,
    () => {
      asked.delete(key);
      return [];
    },
  );
  asked.set(key, answer);
  return answer;
}

const words: readonly Option[] = [
  ...functions.map(([label, info]) => ({
    label,
    detail: "function",
    apply: `${label}(`,
    ...(info === "" ? {} : { info }),
  })),
  ...aggregations.map((label) => ({ label, detail: "aggregation", apply: `${label}(` })),
  ...promqlWords.map((label) => ({ label, detail: "keyword", boost: -1 })),
];
const durations: readonly Option[] = ["1m", "5m", "10m", "30m", "1h", "6h", "1d"].map((label) => ({ label }));

const quoted = (value: string): string => JSON.stringify(value).slice(1, -1);

/** completePromql gives what fits at the cursor, from the data of the range. */
export async function completePromql(
  text: string,
  at: number,
  explicit: boolean,
  span: Interval,
  names: readonly string[],
  metadata: Metadata,
): Promise<Completions | undefined> {
  const spot = spotOf(text, at);
  if (spot.kind === "none") return undefined;
  if (spot.kind === "duration") return { from: spot.from, options: durations };
  if (spot.kind === "name") {
    if (spot.from === at && !explicit) return undefined;
    const metrics = names.map((label) => {
      const about = metadata[label]?.[0] ?? metadata[label.replace(/_(bucket|sum|count|total)$/, "")]?.[0];
      return {
        label,
        detail: about?.type ?? "metric",
        boost: 1,
        ...(about === undefined || about.help === "" ? {} : { info: about.help }),
      };
    });
    return { from: spot.from, options: [...metrics, ...words] };
  }
  const match = spot.metric === "" ? {} : { "match[]": spot.metric };
  if (spot.kind === "label") {
    const labels = await listOf("labels", { ...during(span), ...match });
    return {
      from: spot.from,
      options: labels.filter((label) => label !== "__name__").map((label) => ({ label, detail: "label" })),
    };
  }
  const values = await listOf(`label/${encodeURIComponent(spot.label)}/values`, {
    ...during(span),
    ...match,
  });
  return {
    from: spot.from,
    options: values.map((label) => ({ label, apply: quoted(label) })),
    stays: /^[^"'`]*$/,
  };
}
