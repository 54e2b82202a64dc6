import { createHash } from "node:crypto";
import type { RE2JS } from "re2js";
import { expand } from "../promql/label-functions.js";

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
  /** regex matches a whole value or name; it is RE2's, so what a target writes cannot make it run for ever. */
  readonly regex: RE2JS;
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
      return regex.matches(value);
    case "drop":
      return !regex.matches(value);
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
        const match = regex.matcher(name);
        if (match.matches()) put(labels, expand(replacement, match), own);
      }
      return true;
    case "labeldrop":
      for (const name of [...labels.keys()]) if (regex.matches(name)) labels.delete(name);
      return true;
    case "labelkeep":
      for (const name of [...labels.keys()]) if (!regex.matches(name)) labels.delete(name);
      return true;
  }
}

function replace(labels: Labels, { regex, replacement, targetLabel }: RelabelRule, value: string): void {
  const match = regex.matcher(value);
  if (!match.matches()) return;
  const target = expand(targetLabel, match);
  // A name that a value made may be none: then nothing happens, as in Prometheus.
  if (labelName.test(target)) put(labels, target, expand(replacement, match));
}

function put(labels: Labels, name: string, value: string): void {
  if (value === "") labels.delete(name);
  else labels.set(name, value);
}

/** md5Low is the lower half of an MD5, big-endian: the same target has the same shard here as in Prometheus. */
export function md5Low(text: string): bigint {
  return createHash("md5").update(text).digest().readBigUInt64BE(8);
}
