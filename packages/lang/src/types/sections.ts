import type { Attribute } from "../lex/token.js";
import type { Reporter } from "../source/diagnostics.js";
import type { ProgramKind } from "./program-kind.js";
import { programKind, programKinds } from "./program-kinds.js";

/** maySleep are the kinds whose programs may be sleepable. Source: can_be_sleepable in kernel/bpf/verifier.c. */
const maySleep: ReadonlySet<string> = new Set([
  "fentry",
  "fexit",
  "fmod_ret",
  "uprobe.session",
  "lsm",
  "iter",
  "uprobe",
  "uretprobe",
  "uprobe_multi",
  "uretprobe_multi",
  "usdt",
]);

/** sleepableSection marks a section as libbpf does: `uprobe.s/…`. */
export function sleepableSection(
  kind: ProgramKind,
  section: string,
  at: Attribute,
  report: Reporter,
): string {
  if (!maySleep.has(kind.name)) {
    const known = programKinds.filter((each) => maySleep.has(each.name)).map((each) => `@${each.name}`);
    report.error(
      "bad-attribute",
      at,
      `a ${kind.name} program cannot sleep`,
      `${known.join(", ")} programs can`,
    );
    return section;
  }
  return section.replace(/^[^/]+/, (head) => (head.endsWith(".s") ? head : `${head}.s`));
}

/** SectionHook is what a section's name says of the program in it. */
interface SectionHook {
  readonly kind: ProgramKind;
  readonly target: string;
}

/** hookOfSection reads `raw_tp/sys_enter`, `xdp.frags`, `cgroup/skb`: the names of libbpf's section table. */
export function hookOfSection(section: string): SectionHook | undefined {
  const whole = programKinds.find((kind) => kind.target === "none" && kind.section("") === section);
  if (whole !== undefined) return { kind: whole, target: "" };
  const [head = "", ...rest] = section.split("/");
  const plain = head.replace(/^\?/, "").replace(/\.s$/, "");
  const name = programKind(plain) === undefined ? plain.replace(/\.(frags|w|multi)$/, "") : plain;
  const kind = programKind(name) ?? programKinds.find((each) => headOf(each) === name);
  if (kind === undefined) return undefined;
  return { kind, target: rest.join(kind.target === "category:name" ? ":" : "/") };
}

function headOf(kind: ProgramKind): string {
  return kind.section(kind.target === "category:name" ? "a:b" : "").split("/")[0] ?? "";
}
