import { fitsOption, type ScriptOption } from "@go3s/lang";
import { CliError } from "../../failure.js";

const kinds: Readonly<Record<ScriptOption["type"], string>> = {
  bool: "bool",
  int: "integer",
  text: "string",
};

/** checkOptions checks what was given behind `--` against the options that the script reads. */
export function checkOptions(known: readonly ScriptOption[], given: readonly string[]): void {
  const names = given.map((each) => each.split("=")[0] ?? "");
  if (names.includes("help") && known.every(({ name }) => name !== "help")) {
    const lines = known.map(
      ({ name, description }) => `--${name}${description === "" ? "" : `: ${description}`}`,
    );
    throw new CliError(
      "usage",
      "this script's options were asked for",
      ["expected program options:", ...lines].join("\n"),
    );
  }
  const unknown = names.filter((name) => known.every((option) => option.name !== name));
  if (unknown.length > 0)
    throw new CliError(
      "usage",
      `unexpected program command line options: ${unknown.map((name) => `--${name}`).join(", ")}`,
      `expected program options: ${known.map(({ name }) => `--${name}`).join(", ")}`,
    );
  for (const each of given) {
    const [name = "", ...parts] = each.split("=");
    const option = known.find((row) => row.name === name);
    const value = parts.join("=");
    if (option !== undefined && !fitsOption(option.type, value))
      throw new CliError(
        "usage",
        `program command line option --${name} invalid ${kinds[option.type]} (value: ${value})`,
      );
  }
}
