import { Database } from "lucide-preact";
import type { Page } from "../../base/page.js";

/** page registers sql. */
export const page: Page = {
  id: "sql",
  path: "/sql",
  title: "SQL",
  rail: { icon: Database, key: "q" },
  fill: true,
  load: () => import("./view.js"),
};
