import type { Reporter } from "../source/diagnostics.js";
import { didYouMean, nearest } from "../source/nearest.js";
import type { ImportDecl } from "../syntax/ast.js";
import { type Env, fail, lookUp, type Scope } from "./env.js";
import type { PackageSymbol } from "./symbols.js";

/** builtinPackages are the compiler's own, by the paths they are imported by. */
export const builtinPackages: Readonly<Record<string, Exclude<PackageSymbol["package"], "imported">>> = {
  bpf: "bpf",
  "bpf/helpers": "helpers",
  vmlinux: "vmlinux",
  "bpf/vmlinux": "vmlinux",
  user: "user",
  kfunc: "kfunc",
  "bpf/kfunc": "kfunc",
  "github.com/go3s/bpf": "bpf",
};

/** isExported tells whether other packages may use a name: as in Go, when it begins with a capital letter. */
export function isExported(name: string): boolean {
  return /^\p{Lu}/u.test(name);
}

interface Imported {
  readonly name: string;
  readonly scope: Scope;
}

/** importInto puts a package's name into a file's scope, and each exported name behind a dot: `net.Port`. */
export function importInto(
  env: Env,
  scope: Scope,
  decl: ImportDecl,
  from: Imported | undefined,
  wasTold: boolean,
): void {
  const own = Object.hasOwn(builtinPackages, decl.path) ? builtinPackages[decl.path] : undefined;
  if (from === undefined && own === undefined) {
    const near = nearest(decl.path, Object.keys(builtinPackages));
    const hint =
      near === undefined
        ? 'own packages are imported by their folder: import "./net"'
        : `did you mean "${near}"?`;
    if (!wasTold) fail(env, "undefined", decl, `there is no package ${JSON.stringify(decl.path)}`, hint);
    // Its name stays known, so that its uses are no further mistakes.
    const name = decl.alias ?? decl.path.split("/").at(-1) ?? decl.path;
    scope.names.set(name, { kind: "package", name, declared: decl, package: "imported", used: true });
    return;
  }
  if (decl.alias === "_") return;
  if (decl.alias === ".") {
    fail(env, "unsupported", decl, "names cannot be imported without their package", "remove the dot");
    return;
  }
  const name = decl.alias ?? from?.name ?? own ?? decl.path;
  const known = scope.names.get(name);
  if (known !== undefined) {
    env.unit.report.error(
      "redeclared",
      decl,
      `${name} is imported twice`,
      'give one of them another name: import other "path"',
      [{ start: known.declared.start, end: known.declared.end, message: "first here" }],
    );
    return;
  }
  const symbol: PackageSymbol = {
    kind: "package",
    name,
    declared: decl,
    package: own ?? "imported",
    used: false,
  };
  scope.names.set(name, from === undefined ? symbol : { ...symbol, members: from.scope.names });
  for (const [member, found] of from?.scope.names ?? [])
    if (isExported(member)) scope.names.set(`${name}.${member}`, found);
}

/** unknownMember says why a name behind an imported package's dot is not known. */
export function unknownMember(
  scope: Scope,
  name: string,
): { readonly message?: string; readonly hint?: string } | undefined {
  const [alias = "", member = ""] = name.split(".");
  const symbol = member === "" ? undefined : lookUp(scope, alias);
  if (symbol?.kind !== "package") return undefined;
  // A package that was not found was reported where it is imported.
  if (symbol.members === undefined) return {};
  if (symbol.members.has(member)) {
    const hint = "names of other packages begin with a capital letter: rename it where it is declared";
    return { message: `${name} is not exported`, hint };
  }
  const exported = [...symbol.members.keys()].filter(isExported);
  const near = didYouMean(member, exported);
  return { message: `the package ${alias} has no ${member}`, ...(near === undefined ? {} : { hint: near }) };
}

/** checkImports refuses imports that a file does not use, as Go does. */
export function checkImports(report: Reporter, scope: Scope): void {
  for (const symbol of scope.names.values()) {
    if (symbol.kind !== "package" || symbol.used) continue;
    report.error(
      "unused-import",
      symbol.declared,
      `${symbol.name} is imported and not used`,
      "remove the import",
    );
  }
}
