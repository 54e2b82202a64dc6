import { kernelBtf, parseTracepointFormat } from "@go3s/bpf";
import { glob, type ProbePlace, placeName, probeKindOf, type ScriptMachine } from "@go3s/lang";
import { definitionText, typeText } from "./btf-text.js";
import { probeLists, secondary, typedFunctions } from "./probe-lists.js";

/** unnumbered kinds are listed without their counts. */
const unnumbered: ReadonlySet<string> = new Set(["hardware", "software", "interval", "profile"]);

/** placeLine is how a place of a script is listed. */
export function placeLine(place: ProbePlace): string {
  const name = placeName(place);
  return unnumbered.has(place.kind) ? `${name.split(":").slice(0, 2).join(":")}:` : name;
}

/** listProbes gives the lines of a search: patterns with commas between them, or names of structs. */
export function* listProbes(search: string, machine: ScriptMachine, verbose: boolean): Generator<string> {
  for (const each of search.split(/,(?![^(]*\))/)) {
    const wanted = /^\s*(struct|union|enum)\s+(\S+)\s*$/.exec(each);
    if (wanted?.[1] !== undefined && wanted[2] !== undefined)
      yield* definitions(wanted[1], wanted[2], verbose);
    else
      for (const name of namesOf(each.trim(), machine)) {
        yield name;
        if (verbose) for (const line of argumentLines(name, machine)) yield `    ${line}`;
      }
  }
}

function* namesOf(pattern: string, machine: ScriptMachine): Generator<string> {
  const cut = pattern.indexOf(":");
  if (cut < 0) {
    const whole = probeKindOf(pattern);
    const fits = pattern === "" || pattern === "*" ? undefined : glob(pattern);
    for (const [kind, list] of Object.entries(probeLists)) {
      if (
        whole !== undefined
          ? whole !== kind
          : secondary.has(kind) && (fits === undefined || !fits.test(`${kind}:`))
      )
        continue;
      for (const name of list("*", machine)) {
        const line = `${kind}:${name}`;
        if (whole !== undefined || fits === undefined || fits.test(line)) yield line;
      }
    }
    return;
  }
  const written = pattern.slice(0, cut);
  const rest = pattern.slice(cut + 1);
  const exact = probeKindOf(written);
  const fits = glob(written);
  for (const [kind, list] of Object.entries(probeLists)) {
    if (exact === undefined ? !fits.test(kind) : exact !== kind) continue;
    for (const name of list(rest === "" ? "*" : rest, machine)) yield `${kind}:${name}`;
  }
}

function* definitions(kind: string, pattern: string, verbose: boolean): Generator<string> {
  const btf = kernelBtf();
  const kinds: ReadonlySet<string> = new Set(kind === "enum" ? ["enum", "enum64"] : [kind]);
  const fits = glob(pattern);
  const ids = /[*?]/.test(pattern)
    ? Array.from({ length: btf.endId - 1 }, (_, at) => at + 1)
    : btf.find(pattern);
  for (const id of ids) {
    const type = btf.type(id);
    if (!kinds.has(type.kind) || !("name" in type) || !fits.test(type.name) || type.name === "") continue;
    yield verbose ? `vmlinux: ${definitionText(btf, id) ?? ""}` : `vmlinux: ${kind} ${type.name}`;
  }
}

function parameterLines(name: string, skip: number, withResult: boolean): string[] {
  const btf = kernelBtf();
  const id = typedFunctions().get(name);
  const func = id === undefined ? undefined : btf.type(id);
  const proto = func?.kind === "func" ? btf.type(func.type) : undefined;
  if (proto?.kind !== "func_proto") return [];
  const lines = proto.parameters.slice(skip).map((each) => `${typeText(btf, each.type)} ${each.name}`);
  if (withResult && proto.type !== 0) lines.push(`${typeText(btf, proto.type)} retval`);
  return lines;
}

/** argumentLines gives the arguments of a probe as C declares them. */
function argumentLines(line: string, machine: ScriptMachine): readonly string[] {
  const [kind = "", ...parts] = line.split(":");
  const last = parts.at(-1) ?? "";
  switch (kind) {
    case "tracepoint": {
      const format = machine.tracepointFormat?.(parts[0] ?? "", last);
      return format === undefined ? [] : formatLines(format);
    }
    case "rawtracepoint":
      return rawTracepointLines(last);
    case "fentry":
    case "fexit":
      return parameterLines(last, 0, kind === "fexit");
    case "kprobe":
      return parameterLines(last, 0, false);
    case "iter": {
      const lines = parameterLines(`bpf_iter_${last}`, 0, false);
      return lines.filter((each) => !each.startsWith("struct bpf_iter_meta "));
    }
    case "uprobe": {
      const [file] = machine.findFiles?.(parts[0] ?? "") ?? [];
      const found =
        file === undefined ? undefined : machine.userArguments?.(file.path, parts.slice(1).join(":"));
      return (found ?? []).map(({ type, name }) => `${type} ${name}`);
    }
    default:
      return [];
  }
}

/** formatLines are the fields of a tracepoint behind the common ones. */
function formatLines(format: string): string[] {
  return parseTracepointFormat("", format)
    .fields.filter((field) => !field.name.startsWith("common_"))
    .map(({ name, type }) => {
      const [, base = type, brackets = ""] = /^(.*?)\s*((?:\[[^\]]*\])*)$/.exec(type) ?? [];
      return `${base} ${name}${brackets}`;
    });
}

/** rawTracepointLines: BTF has the arguments of a tracepoint's stub, its names included; the first is the program's own. */
export function rawTracepointLines(name: string): string[] {
  for (const prefix of ["__probestub_", "__traceiter_", "__bpf_trace_"]) {
    const lines = parameterLines(`${prefix}${name}`, 1, false);
    if (lines.length > 0) return lines;
  }
  return [];
}
