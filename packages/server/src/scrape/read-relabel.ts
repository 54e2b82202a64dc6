import type { RE2JS } from "re2js";
import { wholePattern } from "../promql/matcher.js";
import { type RelabelRule, relabelActions } from "./relabel.js";
import { oneOf, unknownWord } from "./words.js";
import type { YamlValue } from "./yaml-reader.js";

const words = ["source_labels", "separator", "target_label", "regex", "modulus", "replacement", "action"];
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
// A target's name may come from the value: $1, ${1} or ${name} within it.
const labelTemplate = /^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$/;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** readRelabel reads one entry of relabel_configs. Throws ServerError "bad-config". */
export function readRelabel(entry: YamlValue): RelabelRule {
  const rule: Writable<RelabelRule> = {
    action: "replace",
    sourceLabels: [],
    separator: ";",
    targetLabel: "",
    regex: wholePattern("(.*)", (why) => new TypeError(why)),
    replacement: "$1",
    modulus: 0n,
  };
  const given = new Set<string>();
  for (const each of entry.map()) {
    const { name, value } = each;
    given.add(name);
    if (name === "source_labels") rule.sourceLabels = value.list().map(readName);
    else if (name === "separator") rule.separator = value.scalar();
    else if (name === "target_label") rule.targetLabel = value.scalar();
    else if (name === "regex") rule.regex = readRegex(value);
    else if (name === "modulus") rule.modulus = BigInt(value.number());
    else if (name === "replacement") rule.replacement = value.empty ? "" : value.scalar();
    else if (name === "action") rule.action = oneOf(lowered(value), relabelActions);
    else throw unknownWord(each, words);
  }
  check(entry, rule, given);
  return rule;
}

/** lowered: actions may stand in capitals, as Prometheus has it. */
function lowered(value: YamlValue): YamlValue {
  return { ...value, text: () => value.text().toLowerCase() };
}

function readName(value: YamlValue): string {
  const name = value.scalar();
  if (!labelName.test(name)) throw value.wrong(`${JSON.stringify(name)} is no name of a label`);
  return name;
}

function readRegex(value: YamlValue): RE2JS {
  return wholePattern(value.scalar(), (why) => value.wrong(why, "it is read as RE2 reads it"));
}

function check(entry: YamlValue, rule: RelabelRule, given: ReadonlySet<string>): void {
  const { action, targetLabel } = rule;
  const needsTarget = !["keep", "drop", "labelmap", "labeldrop", "labelkeep"].includes(action);
  if (needsTarget && targetLabel === "") throw entry.wrong(`the action ${action} needs a target_label`);
  if (needsTarget && !(action === "replace" ? labelTemplate : labelName).test(targetLabel))
    throw entry.wrong(`${JSON.stringify(targetLabel)} is no name of a label`);
  if (action === "hashmod" && rule.modulus === 0n)
    throw entry.wrong("the action hashmod needs a modulus above 0");
  if (
    (action === "labeldrop" || action === "labelkeep") &&
    given.size > [...given].filter((word) => word === "action" || word === "regex").length
  )
    throw entry.wrong(`the action ${action} takes a regex only`);
  if (
    (action === "keepequal" || action === "dropequal") &&
    (given.has("regex") || given.has("replacement") || given.has("modulus") || given.has("separator"))
  )
    throw entry.wrong(`the action ${action} takes source_labels and target_label only`);
}
