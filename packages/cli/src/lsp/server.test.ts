import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  type CompletionItem,
  type CompletionList,
  CompletionRequest,
  createProtocolConnection,
  DefinitionRequest,
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  DocumentFormattingRequest,
  ExitNotification,
  HoverRequest,
  InitializedNotification,
  InitializeRequest,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  type PublishDiagnosticsParams,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import { cliPath, until } from "../testing/running-go3s.js";

const program = `package probe

import "bpf"

// @raw_tp:sys_enter
func onEnter(ctx *bpf.RawTracepoint) int {
	task := bpf.CurrentTask()
	count.Increment(0)
	return int(task.tgid)
}
`;
// The other half of the program: a file of the same package, not open in the editor.
const other = "package probe\n\nvar count = bpf.Array[uint64](1)\n";

describe("go3s lsp", () => {
  let folder = "";
  let child: ChildProcess | undefined;
  let connection: ProtocolConnection;
  const told = new Map<string, PublishDiagnosticsParams>();
  const uriOf = (name: string): string => pathToFileURL(join(folder, name)).href;
  const open = (name: string, text: string, languageId = "go3s"): string => {
    const uri = uriOf(name);
    void connection.sendNotification(DidOpenTextDocumentNotification.type, {
      textDocument: { uri, languageId, version: 1, text },
    });
    return uri;
  };
  /** position finds the place of a mark, written with |. */
  const position = (text: string, mark: string) => {
    const at = text.indexOf(mark.replace("|", "")) + mark.indexOf("|");
    const lines = text.slice(0, at).split("\n");
    return { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
  };
  const messages = (uri: string): string[] =>
    (told.get(uri)?.diagnostics ?? []).map((each) => String(each.message));

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "go3s-lsp-"));
    writeFileSync(join(folder, "maps.go3s"), other);
    child = spawn(process.execPath, [cliPath, "lsp", "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
    assert.ok(child.stdout && child.stdin);
    connection = createProtocolConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    connection.onNotification(
      PublishDiagnosticsNotification.type,
      (params) => void told.set(params.uri, params),
    );
    connection.listen();
    const { capabilities, serverInfo } = await connection.sendRequest(InitializeRequest.type, {
      processId: process.pid,
      rootUri: null,
      capabilities: {},
    });
    assert.equal(serverInfo?.name, "go3s");
    assert.equal(capabilities.hoverProvider, true);
    await connection.sendNotification(InitializedNotification.type, {});
  });

  after(async () => {
    connection.dispose();
    if (child !== undefined && child.exitCode === null) {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  });

  test("mistakes come as they are typed, and go; the package's other files are read from the disk", async () => {
    const uri = open("probe.go3s", program);
    assert.ok(await until(10_000, () => told.get(uri)?.diagnostics.length === 0), messages(uri).join("\n"));
    const wrong = program.replace("task.tgid", "task.tgdi");
    await connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri, version: 2 },
      contentChanges: [{ text: wrong }],
    });
    assert.ok(await until(10_000, () => told.get(uri)?.diagnostics.length === 1), messages(uri).join("\n"));
    const [mistake] = told.get(uri)?.diagnostics ?? [];
    assert.match(String(mistake?.message), /tgdi/);
    assert.equal(mistake?.severity, 1);
    assert.deepEqual(mistake?.range.start.line, position(wrong, "tg|di").line);
    await connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri, version: 3 },
      contentChanges: [{ text: program }],
    });
    assert.ok(await until(10_000, () => told.get(uri)?.diagnostics.length === 0), messages(uri).join("\n"));
  });

  test("hover tells a kernel's field with its offset", async () => {
    const uri = open("hover.go3s", program.replace("package probe", "package hover"));
    const hover = await connection.sendRequest(HoverRequest.type, {
      textDocument: { uri },
      position: position(program, "task.tg|id"),
    });
    assert.match(JSON.stringify(hover?.contents), /tgid int32 \/\/ offset \d+.*vmlinux\.task_struct/);
  });

  test("the definition is found in the other file", async () => {
    const uri = open("definition.go3s", program);
    const found = await connection.sendRequest(DefinitionRequest.type, {
      textDocument: { uri },
      position: position(program, "cou|nt.Increment"),
    });
    assert.deepEqual(found, {
      uri: uriOf("maps.go3s"),
      range: { start: { line: 2, character: 4 }, end: { line: 2, character: 9 } },
    });
  });

  test("members of a kernel struct and this machine's tracepoints are proposed", async () => {
    const labels = async (text: string, mark: string, name: string): Promise<string[]> => {
      const uri = open(name, text);
      const found: CompletionItem[] | CompletionList | null = await connection.sendRequest(
        CompletionRequest.type,
        {
          textDocument: { uri },
          position: position(text, mark),
        },
      );
      return (Array.isArray(found) ? found : (found?.items ?? [])).map((each) => each.label);
    };
    const dotted = program.replace("task.tgid", "task.");
    assert.ok((await labels(dotted, "int(task.|)", "members.go3s")).includes("real_parent"));
    const hook = program.replace("@raw_tp:sys_enter", "@tracepoint:sched:");
    assert.ok((await labels(hook, "@tracepoint:sched:|", "hooks.go3s")).includes("sched_switch"));
    const typed = program.replace("bpf.CurrentTask()", "(*vmlinux.task_st");
    assert.ok((await labels(typed, "vmlinux.task_st|", "types.go3s")).includes("task_struct"));
  });

  test("formatting is gofmt's", async () => {
    const uri = open("format.go3s", "package x\nvar a   uint32\n");
    const edits = await connection.sendRequest(DocumentFormattingRequest.type, {
      textDocument: { uri },
      options: { tabSize: 8, insertSpaces: false },
    });
    assert.equal(edits?.[0]?.newText, "package x\n\nvar a uint32\n");
  });

  test("scripts in bpftrace's language have diagnostics too", async () => {
    const uri = open("script.bt", 'BEGIN { printf("%d\\n", nosuch); }\n', "bpftrace");
    assert.ok(await until(10_000, () => (told.get(uri)?.diagnostics.length ?? 0) > 0));
    assert.match(messages(uri).join("\n"), /nosuch/);
  });

  test("it ends when the editor says so", async () => {
    await connection.sendRequest(ShutdownRequest.type);
    assert.ok(child);
    const gone = once(child, "exit");
    await connection.sendNotification(ExitNotification.type);
    const [code] = (await gone) as [number | null];
    assert.equal(code, 0);
  });
});
