import { BpfError } from "../errors.js";
import type { Layout, StructLayout } from "../views/layout.js";
import { type GoNames, goRows } from "./go-layout.js";
import { type BindingsModel, type EnumLayout, titleOf } from "./model.js";
import { commentText, Names, pascalCase } from "./names.js";
import { cType } from "./ts-views.js";

const CONSTRAINT =
  "(386 || amd64 || arm || arm64 || loong64 || mips64le || mipsle || ppc64le || riscv64) && linux";

/** columns pads all cells but a row's last, as gofmt does for lines that follow each other. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return rows.map((row) =>
    `\t${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join(" ")}`.trimEnd(),
  );
}

function structSource(layout: StructLayout, name: string, names: GoNames): string[] {
  const rows = goRows(layout, names);
  const cells = rows.map((row) => [row.name, row.type, ...(row.comment ? [`// ${row.comment}`] : [])]);
  // Columns end where a line has none of them, so lines with and without comments are aligned by gofmt's rule.
  return [
    "",
    `// ${name} is ${cType(layout)}, ${layout.size} bytes.`,
    `type ${name} struct {`,
    "\t_ structs.HostLayout",
    "",
    ...commented(cells),
    "}",
    "",
    "// The compiler checks the size and the places of the members.",
    "var (",
    `\t_ = [1]struct{}{}[unsafe.Sizeof(${name}{})-${layout.size}]`,
    ...rows
      .filter((row) => row.name !== "_")
      .map((row) => `\t_ = [1]struct{}{}[unsafe.Offsetof(${name}{}.${row.name})-${row.offset}]`),
    ")",
  ];
}

// A comment stands above its member: then all lines have the same two columns, and a comment ends a block.
function commented(cells: readonly (readonly string[])[]): string[] {
  const lines: string[] = [];
  let block: string[][] = [];
  const flush = (): void => {
    lines.push(...columns(block));
    block = [];
  };
  for (const [name = "", type = "", comment] of cells) {
    if (comment !== undefined) {
      flush();
      if (lines.length > 0) lines.push("");
      lines.push(`\t${comment}`);
    }
    block.push([name, type]);
  }
  flush();
  return lines;
}

function enumSource(layout: EnumLayout, name: string, taken: Names): string[] {
  const rows = layout.values.map(({ name: key, value }) => [
    taken.take(`${name}${pascalCase(key)}`),
    name,
    `= ${value}`,
  ]);
  return [
    "",
    `// ${name} is ${commentText(`enum ${layout.name}`)}.`,
    `type ${name} ${layout.signed ? "int" : "uint"}${layout.size * 8}`,
    ...(rows.length === 0 ? [] : ["", "const (", ...columns(rows), ")"]),
  ];
}

interface Member {
  readonly go: string;
  readonly name: string;
}

function members(names: readonly string[]): Member[] {
  const taken = new Names();
  return names.map((name) => ({ go: taken.take(pascalCase(name)), name }));
}

// A tag is a raw string: a name with a backquote or a quote cannot be one.
function tagged(rows: readonly Member[], type: string): string[] {
  return columns(rows.map(({ go, name }) => [go, type, `\`ebpf:${JSON.stringify(name)}\``]));
}

function groupSource(
  name: string,
  what: string,
  type: string,
  rows: readonly Member[],
  closes: boolean,
): string[] {
  const closing = closes
    ? [
        "",
        `// Close closes all ${what}.`,
        `func (o *${name}) Close() error {`,
        "\treturn errors.Join(",
        ...rows.map(({ go }) => `\t\to.${go}.Close(),`),
        "\t)",
        "}",
      ]
    : [];
  return [
    "",
    `// ${name} holds the ${what} of the object.`,
    `type ${name} struct {`,
    ...tagged(rows, type),
    "}",
    ...(rows.length === 0 && closes
      ? ["", `// Close closes all ${what}.`, `func (o *${name}) Close() error {`, "\treturn nil", "}"]
      : closing),
  ];
}

function specsSource(name: string, what: string, type: string, rows: readonly Member[]): string[] {
  return [
    "",
    `// ${name} holds the ${what} before they are loaded.`,
    `type ${name} struct {`,
    ...tagged(rows, type),
    "}",
  ];
}

function checkName(what: string, name: string): void {
  if (/^[A-Za-z_][\w.]*$/.test(name)) return;
  throw new BpfError("bad-object", `${what} "${commentText(name)}" cannot be named in Go`);
}

/** GoBindingsOptions name what the Go source is called by. */
export interface GoBindingsOptions {
  readonly source: string;
  /** The package; `main` when absent. */
  readonly package?: string;
  /** What all names begin with; the source's base name when absent. */
  readonly stem?: string;
}

function stemOf(options: GoBindingsOptions): string {
  const base = options.stem ?? options.source.replace(/^.*\//, "").replace(/\.[^.]*$/, "");
  const name = pascalCase(base);
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** goBindings writes a model as a Go file for users of github.com/cilium/ebpf. */
export function goBindings(model: BindingsModel, options: GoBindingsOptions): string {
  const stem = stemOf(options);
  const upper = stem.charAt(0).toUpperCase() + stem.slice(1);
  const file = options.source.replace(/^.*\//, "");
  const pack = options.package ?? "main";
  if (!/^[a-z_]\w*$/i.test(pack)) throw new BpfError("bad-argument", `"${pack}" is no name of a Go package`);
  const taken = new Names(
    ["Specs", "MapSpecs", "ProgramSpecs", "VariableSpecs", "Objects", "Maps", "Programs", "Variables"].map(
      (ending) => `${stem}${ending}`,
    ),
  );
  const names = new Map<Layout, string>();
  for (const layout of [...model.enums, ...model.structs]) {
    // Unions are bytes in Go, and what has no name and no values is a number.
    if (
      layout.kind === "union" ||
      (layout.kind === "enum" && layout.name === "" && layout.values.length === 0)
    )
      continue;
    const title = layout.kind === "struct" ? titleOf(model, layout) : layout.name;
    names.set(layout, taken.take(`${stem}${pascalCase(title)}`));
  }
  for (const { name } of model.maps) checkName("map", name);
  for (const { name } of model.variables) checkName("variable", name);
  for (const name of model.programs) checkName("program", name);
  const maps = members(model.maps.map(({ name }) => name));
  const programs = members(model.programs);
  const variables = members(model.variables.map(({ name }) => name));
  const structs = model.structs.flatMap((layout) => {
    const name = names.get(layout);
    return name === undefined ? [] : structSource(layout, name, names);
  });
  const enums = model.enums.flatMap((layout) => {
    const name = names.get(layout);
    return name === undefined ? [] : enumSource(layout, name, taken);
  });
  const hasStructs = structs.length > 0;
  const lines = [
    `// Code generated by go3s from ${commentText(file)}; DO NOT EDIT.`,
    "",
    `//go:build ${CONSTRAINT}`,
    "",
    `package ${pack}`,
    "",
    "import (",
    '\t"bytes"',
    '\t_ "embed"',
    '\t"errors"',
    '\t"fmt"',
    ...(hasStructs ? ['\t"structs"', '\t"unsafe"'] : []),
    "",
    '\t"github.com/cilium/ebpf"',
    ")",
    ...enums,
    ...structs,
    "",
    `// load${upper} reads the object into a specification.`,
    `func load${upper}() (*ebpf.CollectionSpec, error) {`,
    `\tspec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(_${upper}Bytes))`,
    "\tif err != nil {",
    `\t\treturn nil, fmt.Errorf("load ${stem}: %w", err)`,
    "\t}",
    "\treturn spec, nil",
    "}",
    "",
    `// load${upper}Objects loads the object into the kernel and fills obj: *${stem}Objects, *${stem}Maps,`,
    `// *${stem}Programs or *${stem}Variables, or a struct that embeds some of them.`,
    `func load${upper}Objects(obj any, opts *ebpf.CollectionOptions) error {`,
    `\tspec, err := load${upper}()`,
    "\tif err != nil {",
    "\t\treturn err",
    "\t}",
    "\treturn spec.LoadAndAssign(obj, opts)",
    "}",
    "",
    `// ${stem}Specs holds programs, maps and variables before they are loaded.`,
    `type ${stem}Specs struct {`,
    `\t${stem}ProgramSpecs`,
    `\t${stem}MapSpecs`,
    `\t${stem}VariableSpecs`,
    "}",
    ...specsSource(`${stem}ProgramSpecs`, "programs", "*ebpf.ProgramSpec", programs),
    ...specsSource(`${stem}MapSpecs`, "maps", "*ebpf.MapSpec", maps),
    ...specsSource(`${stem}VariableSpecs`, "variables", "*ebpf.VariableSpec", variables),
    "",
    `// ${stem}Objects holds all that was loaded.`,
    `type ${stem}Objects struct {`,
    `\t${stem}Programs`,
    `\t${stem}Maps`,
    `\t${stem}Variables`,
    "}",
    "",
    "// Close closes programs and maps.",
    `func (o *${stem}Objects) Close() error {`,
    `\treturn errors.Join(o.${stem}Programs.Close(), o.${stem}Maps.Close())`,
    "}",
    ...groupSource(`${stem}Maps`, "maps", "*ebpf.Map", maps, true),
    ...groupSource(`${stem}Variables`, "variables", "*ebpf.Variable", variables, false),
    ...groupSource(`${stem}Programs`, "programs", "*ebpf.Program", programs, true),
    "",
    `//go:embed ${file}`,
    `var _${upper}Bytes []byte`,
  ];
  return `${lines.join("\n")}\n`;
}
