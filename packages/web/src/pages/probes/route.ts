import { Radar } from "lucide-preact";
import type { Page } from "../../base/page.js";

/** page registers probes. */
export const page: Page = {
  id: "probes",
  path: "/probes",
  title: "Probes",
  rail: { icon: Radar, key: "b" },
  range: false,
  load: () => import("./view.js"),
};
