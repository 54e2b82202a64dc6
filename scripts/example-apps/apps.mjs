// The example programs, how they are driven, and what their projects' tests ask of the spans, in our words and names.
import { goAuto } from "./go-auto.mjs";
import { obi } from "./obi.mjs";
import { databases } from "./obi-databases.mjs";

/** apps has a row for each program; `because` says why we do not do what a check asks for. */
export const apps = [...goAuto, ...obi, ...databases];
