import {
  analyse,
  type CompileOptions,
  type CompletionKind,
  codeHelp,
  compile,
  compileScript,
  completionsAt,
  definitionAt,
  type FileRange,
  fileRange,
  formatSource,
  hoverAt,
} from "@go3s/lang";
import {
  CompletionItemKind,
  type Connection,
  type Diagnostic,
  DiagnosticSeverity,
  type InitializeResult,
  type Position,
  type Range,
  TextDocumentSyncKind,
  TextDocuments,
  type TextEdit,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { scriptFacts } from "../trace/script/machine.js";
import { machineNames } from "./machine-names.js";
import { packagesOf, programOf } from "./programs.js";

const kinds: Readonly<Record<CompletionKind, CompletionItemKind>> = {
  field: CompletionItemKind.Field,
  method: CompletionItemKind.Method,
  function: CompletionItemKind.Function,
  variable: CompletionItemKind.Variable,
  map: CompletionItemKind.Class,
  type: CompletionItemKind.Struct,
  constant: CompletionItemKind.Constant,
  package: CompletionItemKind.Module,
  keyword: CompletionItemKind.Keyword,
  attribute: CompletionItemKind.Property,
  event: CompletionItemKind.Event,
};

// A pause in typing: shorter, and half a word is told as a mistake.
const pauseMs = 150;

/** serve answers an editor until it says goodbye; `facts` are the machine's, as the compiler wants them. */
export function serve(connection: Connection, facts: CompileOptions): void {
  const documents = new TextDocuments(TextDocument);
  const names = machineNames();
  const waiting = new Map<string, NodeJS.Timeout>();
  const opened = (uri: string): string | undefined => documents.get(uri)?.getText();
  const options = { ...facts, readPackage: packagesOf(opened) };

  connection.onInitialize(
    (): InitializeResult => ({
      serverInfo: { name: "go3s" },
      capabilities: {
        textDocumentSync: TextDocumentSyncKind.Incremental,
        hoverProvider: true,
        definitionProvider: true,
        documentFormattingProvider: true,
        completionProvider: { triggerCharacters: [".", "@", ":"] },
      },
    }),
  );

  const diagnose = (document: TextDocument): void => {
    waiting.delete(document.uri);
    const { uri } = document;
    const sources = isScript(document) ? [{ name: uri, text: document.getText() }] : programOf(uri, opened);
    const [source] = sources;
    if (source === undefined) return;
    const result = isScript(document) ? compileScript(source, scriptFacts()) : compile(sources, options);
    const all = new Map<string, Diagnostic[]>();
    for (const { name } of sources) if (documents.get(name) !== undefined) all.set(name, []);
    for (const { start, end, severity, message, hint, id } of result.diagnostics) {
      const help = hint ?? codeHelp[id]?.hint;
      const at = fileRange(result.files, { start, end });
      const of = documents.get(at?.file ?? uri);
      if (of === undefined) continue;
      all.get(of.uri)?.push({
        range: at === undefined ? emptyRange : rangeOf(of, at),
        message: help === undefined ? message : `${message}\nhelp: ${help}`,
        severity: severity === "error" ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
        code: id,
        source: "go3s",
      });
    }
    for (const [name, diagnostics] of all) void connection.sendDiagnostics({ uri: name, diagnostics });
  };

  documents.onDidChangeContent(({ document }) => {
    clearTimeout(waiting.get(document.uri));
    waiting.set(
      document.uri,
      setTimeout(() => diagnose(document), pauseMs),
    );
  });
  documents.onDidClose(({ document }) => {
    clearTimeout(waiting.get(document.uri));
    waiting.delete(document.uri);
    void connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
  });

  /** at analyses the program around a position. */
  const at = (uri: string, position: Position) => {
    const document = documents.get(uri);
    if (document === undefined || isScript(document)) return undefined;
    const analysis = analyse(programOf(uri, opened), options);
    return { document, analysis, spot: { file: uri, offset: document.offsetAt(position) } };
  };

  connection.onHover(({ textDocument, position }) => {
    const here = at(textDocument.uri, position);
    const hover = here === undefined ? undefined : hoverAt(here.analysis, here.spot);
    if (here === undefined || hover === undefined) return null;
    const note = hover.note === undefined ? "" : `\n\n${hover.note}`;
    return {
      contents: { kind: "markdown", value: `\`\`\`go\n${hover.code}\n\`\`\`${note}` },
      range: rangeOf(here.document, hover),
    };
  });

  connection.onDefinition(({ textDocument, position }) => {
    const here = at(textDocument.uri, position);
    const found = here === undefined ? undefined : definitionAt(here.analysis, here.spot);
    if (here === undefined || found === undefined) return null;
    const source = here.analysis.files.find((each) => each.name === found.file);
    if (source === undefined) return null;
    const of = documents.get(found.file) ?? TextDocument.create(found.file, "go3s", 0, source.text);
    return { uri: found.file, range: rangeOf(of, found) };
  });

  connection.onCompletion(({ textDocument, position }) => {
    const document = documents.get(textDocument.uri);
    if (document === undefined || isScript(document)) return [];
    const spot = { file: textDocument.uri, offset: document.offsetAt(position) };
    const proposals = completionsAt(programOf(textDocument.uri, opened), facts, names, spot);
    return proposals.map(({ label, kind, detail }) => ({ label, kind: kinds[kind], detail }));
  });

  connection.onDocumentFormatting(async ({ textDocument }): Promise<TextEdit[]> => {
    const document = documents.get(textDocument.uri);
    if (document === undefined || isScript(document)) return [];
    const formatted = await formatSource(document.getText());
    if (formatted.text === undefined || formatted.text === document.getText()) return [];
    const all = { file: "", start: 0, end: document.getText().length };
    return [{ range: rangeOf(document, all), newText: formatted.text }];
  });

  documents.listen(connection);
  connection.listen();
}

const emptyRange: Range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

const isScript = ({ uri, languageId }: TextDocument): boolean =>
  languageId === "bpftrace" || uri.endsWith(".bt");

function rangeOf(document: TextDocument, { start, end }: FileRange): Range {
  return { start: document.positionAt(start), end: document.positionAt(end) };
}
