import { ChartLine } from "lucide-preact";
import type { Page } from "../../base/page.js";

/** page registers the metrics explorer. */
export const page: Page = {
  id: "metrics",
  path: "/metrics-explorer",
  title: "Metrics",
  rail: { icon: ChartLine, key: "e" }, // g e
  fill: true,
  load: () => import("./view.js"),
};
