import { readdirSync, readFileSync } from "node:fs";

/** Case is one program as text with what must become of it. */
export interface Case {
  readonly name: string;
  readonly program: string;
  /** errors are `id line:column`, in order. */
  readonly errors: readonly string[];
  /** returns is what the program (an @xdp one named `main`) gives when it is run on `data`. */
  readonly returns: number | undefined;
  readonly data: Uint8Array;
  /** loads: the program must load, but is not run. */
  readonly loads: boolean;
}

/**
 * parseCases reads `=== name`, the program, and lines `--- error ID LINE:COLUMN`, `--- returns N`, `--- data HEX`,
 * `--- loads` behind it. Lines of the program count from 1 at the line behind its name.
 */
export function parseCases(text: string): Case[] {
  return text
    .split(/^=== /m)
    .slice(1)
    .map((part) => {
      const lines = part.split("\n");
      const marks = lines.filter((line) => line.startsWith("--- ")).map((line) => line.slice(4).trim());
      const of = (word: string): string[] =>
        marks
          .filter((mark) => mark === word || mark.startsWith(`${word} `))
          .map((mark) => mark.slice(word.length + 1));
      const returns = of("returns")[0];
      const data = of("data")[0];
      return {
        name: lines[0]?.trim() ?? "",
        program: lines
          .slice(1)
          .filter((line) => !line.startsWith("--- "))
          .join("\n"),
        errors: of("error"),
        returns: returns === undefined ? undefined : Number(returns),
        data: data === undefined ? new Uint8Array(64) : Buffer.from(data.padEnd(128, "0"), "hex"),
        loads: of("loads").length > 0,
      };
    });
}

const folder = new URL("../../testdata/", import.meta.url);

/** casesIn reads the case files of testdata/. */
export function casesIn(): { readonly file: string; readonly cases: readonly Case[] }[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".cases"))
    .sort()
    .map((file) => ({ file, cases: parseCases(readFileSync(new URL(file, folder), "utf8")) }));
}
