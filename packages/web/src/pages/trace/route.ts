import type { Page } from "../../base/page.js";

/** page registers trace. */
export const page: Page = {
  id: "trace",
  path: "/traces/{id}",
  title: "Trace",
  fill: true,
  range: false,
  load: () => import("./view.js"),
};
