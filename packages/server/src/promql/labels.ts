/** Labels name a series: pairs of name and value, sorted by name, each name once, no empty value. */
export type Labels = readonly (readonly [name: string, value: string])[];

/** METRIC_NAME is the label that holds a metric's name. */
export const METRIC_NAME = "__name__";

/** METADATA_LABELS tell what a series is; operations that change its meaning drop them. */
export const METADATA_LABELS: readonly string[] = [METRIC_NAME, "__type__", "__unit__"];

/** labelsOf sorts pairs by name and leaves out empty values. */
export function labelsOf(pairs: Iterable<readonly [string, string]>): Labels {
  return [...pairs].filter(([, value]) => value !== "").sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** keyOf is a text that two sets of labels share only when they are equal; no UTF-8 text holds U+0000 twice in a row with a name. */
export function keyOf(labels: Labels): string {
  let key = "";
  for (const [name, value] of labels) key += `${name}\u0000${value.length}\u0000${value}`;
  return key;
}

/** labelOf gives a label's value, empty when there is none. */
export function labelOf(labels: Labels, name: string): string {
  for (const [each, value] of labels) if (each === name) return value;
  return "";
}

/** keep leaves only the named labels. */
export function keep(labels: Labels, names: readonly string[]): Labels {
  return labels.filter(([name]) => names.includes(name));
}

/** without takes the named labels away. */
export function without(labels: Labels, names: readonly string[]): Labels {
  return labels.filter(([name]) => !names.includes(name));
}

/** withLabel sets a label, or takes it away when the value is empty. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  return labelsOf([...without(labels, [name]), [name, value]]);
}

/** dropMetadata takes away the name and what else tells of the metric itself. */
export function dropMetadata(labels: Labels): Labels {
  return without(labels, METADATA_LABELS);
}

/** compareLabels orders series as Prometheus does: pair by pair, the shorter first. */
export function compareLabels(a: Labels, b: Labels): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [left, right] = [a[i], b[i]];
    if (left === undefined || right === undefined) break;
    for (const part of [0, 1] as const) {
      if (left[part] !== right[part]) return left[part] < right[part] ? -1 : 1;
    }
  }
  return a.length - b.length;
}

/** printLabels writes labels as a selector would name them: `up{job="api"}`. */
export function printLabels(labels: Labels): string {
  const name = labelOf(labels, METRIC_NAME);
  const rest = without(labels, [METRIC_NAME]).map(([each, value]) => `${each}=${JSON.stringify(value)}`);
  if (name !== "" && rest.length === 0) return name;
  return `${name}{${rest.join(", ")}}`;
}

/** printAllLabels writes labels with the metric's name among them, as Prometheus' own messages do. */
export function printAllLabels(labels: Labels): string {
  return `{${labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ")}}`;
}
