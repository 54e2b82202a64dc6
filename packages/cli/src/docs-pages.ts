import { AGENT_ERROR_CODES } from "@go3s/agent";
import { binaryErrorCodes } from "@go3s/binary";
import { BPF_ERROR_CODES } from "@go3s/bpf";
import { codeHelp, type DiagnosticId, diagnosticCodes } from "@go3s/lang";
import { errorCodes } from "@go3s/server";
import {
  ALIASES,
  COLUMNS,
  DERIVED_TABLES,
  type DerivedTable,
  type Signal,
  storeErrorCodes,
} from "@go3s/store";
import { TELEMETRY_ERROR_CODES } from "@go3s/telemetry";
import { columnNotes } from "./column-notes.js";
import { cliErrorCodes } from "./failure.js";

type Meaning = string | { readonly meaning: string };

const sections: readonly {
  readonly title: string;
  readonly about: string;
  readonly codes: Readonly<Record<string, Meaning>>;
}[] = [
  {
    title: "The command",
    about: "`go3s …`; exit codes 1, 2 and 3 as spec'd: failed, wrong usage, refused by the kernel.",
    codes: cliErrorCodes,
  },
  {
    title: "The agent",
    about:
      "What is observed, and what a probe becomes. `bad-pattern`, `bad-label`, `no-cluster`, `bad-kubeconfig`, `bad-annotation` and `no-annotation` end a command with 2.",
    codes: AGENT_ERROR_CODES,
  },
  {
    title: "The server",
    about: "Answers of the page's API and, as `google.rpc.Status`, of OTLP.",
    codes: errorCodes,
  },
  { title: "The store", about: "The log, the engine and SQL.", codes: storeErrorCodes },
  {
    title: "The kernel",
    about:
      "BPF programs, maps, links. `permission-denied`, `not-supported` and `tracefs-missing` end a command with 3.",
    codes: BPF_ERROR_CODES,
  },
  {
    title: "The probe language",
    about: "Diagnostics of `go3s build` and `go3s trace`; each names file, line and column.",
    codes: diagnosticCodes,
  },
  {
    title: "Executable files",
    about: "What can be wrong with an ELF file; it costs fields, not the agent.",
    codes: binaryErrorCodes,
  },
  { title: "OTLP", about: "What can be wrong with a message.", codes: TELEMETRY_ERROR_CODES },
];

const cell = (text: string): string => text.replaceAll("|", "\\|");

/** errorsPage is docs/errors.md: every error code of every package. */
export function errorsPage(): string {
  const parts = sections.map(({ title, about, codes }) => {
    const rows = Object.entries(codes).map(
      ([code, row]) => `| \`${code}\` | ${cell(typeof row === "string" ? row : row.meaning)} |`,
    );
    return [`## ${title}`, "", about, "", "| code | meaning |", "|---|---|", ...rows, ""].join("\n");
  });
  parts.push(languagePart());
  return [
    "# Errors",
    "",
    'With `--json` an error is one line `{"error":{"code":…,"message":…,"hint":…}}` on stderr. This page is made from the code (`npm run docs`).',
    "",
    ...parts,
  ].join("\n");
}

/** languagePart shows each mistake of a probe program: what it means, what to do, and a program that has it. */
function languagePart(): string {
  const ids = Object.keys(diagnosticCodes).filter((id): id is DiagnosticId => id in diagnosticCodes);
  const parts = ids.sort().map((id) => {
    const { hint, example, imports = {} } = codeHelp[id] ?? { hint: "" };
    const files = [...(example === undefined ? [] : [["", example]]), ...Object.entries(imports)];
    const shown = files.map(
      ([name, text]) => `\`\`\`go\n${name === "" ? "" : `// ${name}\n`}${text}\`\`\`\n`,
    );
    const meaning = diagnosticCodes[id];
    const about = `${meaning.charAt(0).toUpperCase()}${meaning.slice(1)}. What to do: ${hint}.`;
    return [`### \`${id}\``, "", about.replace(/[[\]*_<>]/g, "\\$&"), "", ...shown].join("\n");
  });
  return [
    "## Mistakes in probe programs",
    "",
    "Each with what to do and, where a short program can have it, one that does. Every example is compiled in the tests.",
    "",
    ...parts,
  ].join("\n");
}

const tables: readonly { readonly signal: Signal; readonly about: string }[] = [
  { signal: "traces", about: "One row per span; also as `spans`." },
  {
    signal: "logs",
    about:
      "One row per log record. TCP connections are the records with `event_name` `tcp.connect` and `tcp.close`.",
  },
  { signal: "metrics", about: "One row per point." },
  {
    signal: "profiles",
    about:
      "One row per observation of a stack; `stacks` below has what a stack consists of. By span: `JOIN traces ON profiles.span_id = traces.span_id AND profiles.span_id != ''`.",
  },
];

/** schemaPage is docs/schema.md: every column of every table. */
export function schemaPage(): string {
  const parts = tables.map(({ signal, about }) => {
    const rows = [...COLUMNS[signal], ...ALIASES[signal]].map(
      ({ name, type }) =>
        `| \`${name}\` | ${cell(type)} | ${cell(columnNotes[`${signal}.${name}`] ?? columnNotes[name] ?? "")} |`,
    );
    return [
      `## ${signal}`,
      "",
      about,
      "",
      "| column | type | what it holds |",
      "|---|---|---|",
      ...rows,
      "",
    ].join("\n");
  });
  return [
    "# Tables",
    "",
    "What `go3s query` and `POST /api/v1/query` read. Ids are text in lower-case hexadecimal; times are Unix nanoseconds. `start_time`, `end_time` and `timestamp` are computed when asked for, as are `attribute_hashes` and the types of attributes, so `SELECT *` leaves them out. This page is made from the code (`npm run docs`).",
    "",
    ...parts,
    ...DERIVED_TABLES.map(derivedPart),
  ].join("\n");
}

function derivedPart({ name, about, columns }: DerivedTable): string {
  const rows = columns.map(
    (column) => `| \`${column.name}\` | ${cell(column.type)} | ${cell(column.holds)} |`,
  );
  return [
    `## ${name}`,
    "",
    about,
    "",
    "| column | type | what it holds |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
