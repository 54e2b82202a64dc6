import type { Page } from "../../base/page.js";

/** page registers service. */
export const page: Page = {
  id: "service",
  path: "/services/{name}",
  title: "Service",
  load: () => import("./view.js"),
};
