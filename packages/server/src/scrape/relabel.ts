import { createHash } from "node:crypto";

/** relabelActions are Prometheus' (prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config). */
export const relabelActions = [
  "replace",
  "keep",
  "drop",
  "keepequal",
  "dropequal",
  "hashmod",
  "labelmap",
  "labeldrop",
  "labelkeep",
  "lowercase",
  "uppercase",
] as const;

/** RelabelRule is one step. */
export interface RelabelRule {
  readonly action: (typeof relabelActions)[number];
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  readonly targetLabel: string;
  /** regex matches a whole value or name. */
  readonly regex: RegExp;
  readonly replacement: string;
  readonly modulus: bigint;
}

/** Labels are a target's or a sample's; an empty value is the same as none. */
export type Labels = Map<string, string>;

const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** relabel takes the steps in place, one after the other; false means that target or sample is dropped. */
export function relabel(labels: Labels, rules: readonly RelabelRule[]): boolean {
  for (const rule of rules) if (!step(labels, rule)) return false;
  return true;
}

function step(labels: Labels, rule: RelabelRule): boolean {
  const { action, regex, replacement, targetLabel } = rule;
  const value = rule.sourceLabels.map((name) => labels.get(name) ?? "").join(rule.separator);
  switch (action) {
    case "keep":
      return regex.test(value);
    case "drop":
      return !regex.test(value);
    case "keepequal":
      return (labels.get(targetLabel) ?? "") === value;
    case "dropequal":
      return (labels.get(targetLabel) ?? "") !== value;
    case "replace":
      replace(labels, rule, value);
      return true;
    case "lowercase":
      put(labels, targetLabel, value.toLowerCase());
      return true;
    case "uppercase":
      put(labels, targetLabel, value.toUpperCase());
      return true;
    case "hashmod":
      put(labels, targetLabel, String(md5Low(value) % rule.modulus));
      return true;
    case "labelmap":
      for (const [name, own] of [...labels]) {
        const match = regex.exec(name);
        if (match !== null) put(labels, expand(replacement, match), own);
      }
      return true;
    case "labeldrop":
      for (const name of [...labels.keys()]) if (regex.test(name)) labels.delete(name);
      return true;
    case "labelkeep":
      for (const name of [...labels.keys()]) if (!regex.test(name)) labels.delete(name);
      return true;
  }
}

function replace(labels: Labels, { regex, replacement, targetLabel }: RelabelRule, value: string): void {
  const match = regex.exec(value);
  if (match === null) return;
  const target = expand(targetLabel, match);
  // A name that a value made may be none: then nothing happens, as in Prometheus.
  if (labelName.test(target)) put(labels, target, expand(replacement, match));
}

function put(labels: Labels, name: string, value: string): void {
  if (value === "") labels.delete(name);
  else labels.set(name, value);
}

/** expand fills a template as Go's Regexp.Expand does: $1, ${1}, ${name}, $$; a name is as long as it can be. */
export function expand(template: string, match: RegExpExecArray): string {
  if (!template.includes("$")) return template;
  return template.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (whole, plain?: string, braced?: string) => {
    const name = plain ?? braced;
    if (name === undefined) return whole === "$$" ? "$" : whole;
    return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? "";
  });
}

/** md5Low is the lower half of an MD5, big-endian: the same target has the same shard here as in Prometheus. */
export function md5Low(text: string): bigint {
  return createHash("md5").update(text).digest().readBigUInt64BE(8);
}

/**
 * relabelRegex makes a RegExp of Go's syntax, matching a whole text. Named groups and flags in front are brought over; throws
 * SyntaxError for what JavaScript does not know, such as \pN without braces or flags in the middle.
 */
export function relabelRegex(text: string): RegExp {
  const flags = /^\(\?([imsU]+)\)/.exec(text);
  const body = (flags === null ? text : text.slice(flags[0].length))
    .replaceAll("(?P<", "(?<")
    .replaceAll("\\A", "^")
    .replaceAll("\\z", "$");
  if (flags?.[1]?.includes("U")) throw new SyntaxError("the flag U is not known here");
  // As in Prometheus a dot takes a new line too.
  const kept = new Set(["s", ...(flags?.[1] ?? "")]);
  return new RegExp(`^(?:${body})$`, [...kept].join(""));
}
