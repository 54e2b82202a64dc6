import { attributeArguments } from "../lex/attribute.js";
import type { Attribute } from "../lex/token.js";
import type { Reporter } from "../source/diagnostics.js";
import { nearest } from "../source/nearest.js";
import type { ProgramKind } from "./program-kind.js";
import { programKind, programKinds, splitHook } from "./program-kinds.js";
import { hookOfSection, sleepableSection } from "./sections.js";

/** Hook is what an attribute of a function attaches it to. */
export interface Hook {
  readonly kind: ProgramKind;
  readonly target: string;
  readonly attribute: Attribute;
  readonly section: string;
}

/** functionAttributes are attributes of functions that are no hooks. */
const functionAttributes: ReadonlySet<string> = new Set([
  "license",
  "section",
  "sleepable",
  "noinline",
  "global",
  "go:noinline",
  "bpf_program",
]);

/** variableAttributes are attributes of package variables; the telemetry ones are read by the agent. */
const variableAttributes: ReadonlySet<string> = new Set([
  "config",
  "map",
  "bpf_map",
  "license",
  "Go3sMetric",
  "Go3sLog",
  "Go3sTrace",
]);

const typeAttributes: ReadonlySet<string> = new Set([
  "bpf_context",
  "license",
  "Go3sMetric",
  "Go3sLog",
  "Go3sTrace",
]);

/** targetProblem says what is wrong with the text behind a hook's colon. */
function targetProblem(kind: ProgramKind, target: string): string | undefined {
  if (kind.target === "none") return target === "" ? undefined : `@${kind.name} takes nothing behind it`;
  if (kind.target === "category:name") {
    return /^[\w]+[:/][\w]+$/.test(target)
      ? undefined
      : "write it as category and name, e.g. @tracepoint:sock:inet_sock_set_state";
  }
  if (kind.target === "pattern")
    return /^[\w.*?+]+$/.test(target) ? undefined : `write a name or a pattern, e.g. @${kind.name}:tcp_*`;
  if (kind.target === "name")
    return /^[\w.]+$/.test(target) ? undefined : `write the name, e.g. @${kind.name}:NAME`;
  return undefined;
}

/** textOf is an attribute's text without the quotes or brackets some write around it. */
function textOf(attribute: Attribute): string {
  return attribute.rest.replace(/^["(\s]+|[")\s]+$/g, "");
}

/** hooksOf reads the attributes of a function that make it a program. */
export function hooksOf(attributes: readonly Attribute[], report: Reporter): Hook[] {
  const sleepable = attributes.find((each) => each.name === "sleepable");
  const placed = attributes.find((each) => each.name === "section");
  const hooks = hooksByName(attributes, report);
  const section = placed === undefined ? undefined : textOf(placed);
  if (placed !== undefined && section !== undefined && hooks.length === 0) {
    const found = hookOfSection(section);
    if (found !== undefined) hooks.push({ ...found, attribute: placed, section });
    else {
      const hint = "its kind stands before the slash: tracepoint/GROUP/NAME, kprobe/NAME, xdp";
      report.error(
        "bad-attribute",
        placed,
        `no kind of program lives in a section ${JSON.stringify(section)}`,
        hint,
      );
    }
  }
  const [first] = hooks;
  const meant = section === undefined || first === undefined ? undefined : hookOfSection(section);
  if (placed !== undefined && first !== undefined && meant?.kind.context !== first.kind.context) {
    const what = meant === undefined ? "of no kind of program" : `of a ${meant.kind.name} program`;
    const hint = "remove one of the two attributes";
    report.error(
      "bad-attribute",
      placed,
      `this section is ${what}, the hook of a ${first.kind.name} program`,
      hint,
    );
  }
  return hooks.map((hook) => {
    const own = section ?? hook.section;
    return sleepable === undefined
      ? { ...hook, section: own }
      : { ...hook, section: sleepableSection(hook.kind, own, sleepable, report) };
  });
}

function hooksByName(attributes: readonly Attribute[], report: Reporter): Hook[] {
  const hooks: Hook[] = [];
  for (const attribute of attributes) {
    let { name, target } = splitHook(attribute.name, attribute.rest);
    if (name === "go:ebpf") {
      const given = attributeArguments(attribute.rest);
      name = given.get("program") ?? "";
      target = given.get("func") ?? given.get("target") ?? given.get("name") ?? "";
      const group = given.get("category") ?? given.get("group");
      if (group !== undefined) target = `${group}:${target}`;
    }
    const kind = programKind(name);
    if (kind === undefined) {
      if (!functionAttributes.has(attribute.name)) {
        const plain = programKinds.filter((each) => !/[./]/.test(each.name));
        const known = [...plain.map((each) => `@${each.name}`), "@cgroup/connect4 and the like"].join(", ");
        report.error(
          "bad-attribute",
          attribute,
          `@${name || attribute.name} is no kind of program`,
          nearest(name, [...programKinds.map((each) => each.name), ...functionAttributes]) === undefined
            ? `known are ${known}`
            : `did you mean @${nearest(name, [...programKinds.map((each) => each.name), ...functionAttributes])}?`,
        );
      }
      continue;
    }
    const problem = targetProblem(kind, target);
    if (problem !== undefined) report.error("bad-attribute", attribute, problem);
    else
      hooks.push({
        kind,
        target: target.replace("/", ":"),
        attribute,
        section: kind.section(kind.target === "category:name" ? target.replace("/", ":") : target),
      });
  }
  return hooks;
}

/** checkVariableAttributes reports attributes that variables do not have. */
export function checkVariableAttributes(attributes: readonly Attribute[], report: Reporter): void {
  for (const attribute of attributes) {
    if (!variableAttributes.has(attribute.name)) {
      report.error(
        "bad-attribute",
        attribute,
        `@${attribute.name} has no meaning on a variable`,
        nearest(attribute.name, variableAttributes) === undefined
          ? "known are @config, @map and the telemetry annotations"
          : `did you mean @${nearest(attribute.name, variableAttributes)}?`,
      );
    }
  }
}

/** checkFileAttributes reports attributes that mean nothing before a file's package clause. */
export function checkFileAttributes(attributes: readonly Attribute[], report: Reporter): void {
  for (const attribute of attributes) {
    if (attribute.name === "license") continue;
    const message = `@${attribute.name} has no meaning before a file's package clause`;
    report.error("misplaced", attribute, message, "put it before a function, a variable or a type");
  }
}

/** checkTypeAttributes reports attributes that types do not have. */
export function checkTypeAttributes(attributes: readonly Attribute[], report: Reporter): void {
  for (const attribute of attributes) {
    if (!typeAttributes.has(attribute.name))
      report.error(
        "bad-attribute",
        attribute,
        `@${attribute.name} has no meaning on a type`,
        nearest(attribute.name, typeAttributes) === undefined
          ? "known are @bpf_context and the telemetry annotations"
          : `did you mean @${nearest(attribute.name, typeAttributes)}?`,
      );
  }
}

/** licenseOf finds `@license NAME` among attributes. */
export function licenseOf(attributes: readonly Attribute[]): string | undefined {
  const found = attributes.find((each) => each.name === "license");
  return found?.rest.replace(/^["(]+|[")]+$/g, "");
}
