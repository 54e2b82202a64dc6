import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import type { Command, Context } from "../command.js";
import { exitCodes } from "../failure.js";
import { serve } from "../lsp/server.js";
import type { Parsed } from "../options.js";
import { machineFacts } from "../programs.js";

export const command: Command = {
  name: "lsp",
  summary: "Answers an editor about .go3s and .bt files: the Language Server Protocol over stdio.",
  usage: "lsp",
  options: [{ name: "stdio", help: "what editors add; there is no other way" }],
  examples: ["go3s lsp"],
  run,
};

/** run serves until the editor ends it or goes away. */
async function run(_parsed: Parsed, { interrupted }: Context): Promise<number> {
  const connection = createConnection(ProposedFeatures.all, process.stdin, process.stdout);
  const ended = new Promise<void>((resolve) => {
    connection.onExit(() => resolve());
    process.stdin.once("end", () => resolve());
    interrupted.addEventListener("abort", () => resolve(), { once: true });
  });
  serve(connection, machineFacts());
  await ended;
  connection.dispose();
  process.stdin.destroy();
  return interrupted.reason === "SIGINT" ? exitCodes.interrupted : exitCodes.done;
}
