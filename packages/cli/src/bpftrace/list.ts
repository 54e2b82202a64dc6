import { CliError } from "../failure.js";
import type { Output } from "../output.js";

/** Listing is what -l asks for: probes of a pattern or of a script. */
export interface Listing {
  /** search is a pattern, or the name of a script's file. */
  readonly search: string | undefined;
  readonly expression: string | undefined;
  /** verbose shows the arguments of probes. */
  readonly verbose: boolean;
  readonly pid: number | undefined;
}

/** list prints probes, one a line, and gives the exit code. */
export function list(listing: Listing, output: Output): number {
  output.note("");
  throw new CliError("usage", `listing ${listing.search ?? "all"} is not there`);
}
