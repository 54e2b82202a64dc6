import { readFileSync, statSync } from "node:fs";
import { scriptPlaces } from "@go3s/lang";
import { CliError } from "../failure.js";
import type { Output } from "../output.js";
import { listProbes, placeLine } from "../trace/script/list-probes.js";
import { scriptFacts } from "../trace/script/machine.js";

/** Listing is what -l asks for: probes of a pattern or of a script. */
export interface Listing {
  /** search is a pattern, or the name of a script's file. */
  readonly search: string | undefined;
  readonly expression: string | undefined;
  /** parameters are the script's $1, $2, …. */
  readonly parameters?: readonly string[];
  /** verbose shows the arguments of probes. */
  readonly verbose: boolean;
  readonly pid: number | undefined;
  readonly debugFolders?: readonly string[];
  readonly traceable?: string | undefined;
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** lineCount is written at once: `-l` alone has a hundred thousand lines. */
const lineCount = 4096;

/** list prints probes, one a line, and gives the exit code. */
export async function list(listing: Listing, output: Output): Promise<number> {
  const { search, expression, pid } = listing;
  const facts = scriptFacts({ pid, debugFolders: listing.debugFolders ?? [], traceable: listing.traceable });
  const script =
    expression ?? (search !== undefined && isFile(search) ? readFileSync(search, "utf8") : undefined);
  let lines: Iterable<string>;
  if (script !== undefined)
    lines = new Set(scriptPlaces(script, facts, listing.parameters ?? []).map(placeLine));
  else {
    const bad = /[^\w*?:.,\-/[\] @!"+$~<>()&=]/.exec(search ?? "");
    if (bad !== null)
      throw new CliError("usage", `invalid character '${bad[0]}' in search expression`, "-l 'kprobe:vfs_*'");
    if (search?.endsWith(".bt"))
      output.note(
        `WARNING: It appears that '${search}' is a filename but the file does not exist. Treating '${search}' as a search pattern.`,
      );
    lines = listProbes(search ?? "", facts, listing.verbose);
  }
  let held: string[] = [];
  for (const line of lines) {
    held.push(line);
    if (held.length < lineCount) continue;
    await output.bytes(Buffer.from(`${held.join("\n")}\n`));
    held = [];
  }
  if (held.length > 0) await output.bytes(Buffer.from(`${held.join("\n")}\n`));
  facts.close();
  return 0;
}
