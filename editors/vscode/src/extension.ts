import { type ExtensionContext, workspace } from "vscode";
import { LanguageClient, TransportKind } from "vscode-languageclient/node";

let client: LanguageClient | undefined;

/** activate starts `go3s lsp` for the probes and scripts that are open. */
export async function activate(context: ExtensionContext): Promise<void> {
  const command = workspace.getConfiguration("go3s").get("path", "go3s");
  client = new LanguageClient(
    "go3s",
    "Go3s",
    { command, args: ["lsp"], transport: TransportKind.stdio },
    { documentSelector: [{ language: "go3s" }, { language: "bpftrace" }] },
  );
  context.subscriptions.push(client);
  await client.start();
}

/** deactivate ends the server with the editor. */
export function deactivate(): Promise<void> | undefined {
  return client?.stop();
}
