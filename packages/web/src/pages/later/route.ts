import type { Page } from "../../base/page.js";

// Addresses that the command's contract names and whose pages do not exist yet. They are not in the navigation; each
// says in one sentence what is missing and where to look now.

const notYet = (path: string, title: string): Page => ({
  id: path.slice(1),
  path,
  title,
  range: false,
  load: () => import("./view.js"),
});

/** page lists the addresses that are answered with what helps instead. */
export const page: readonly Page[] = [notYet("/alerts", "Alerts")];
