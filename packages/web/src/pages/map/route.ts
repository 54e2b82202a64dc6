import { Waypoints } from "lucide-preact";
import type { Page } from "../../base/page.js";

/** page registers map. */
export const page: Page = {
  id: "map",
  path: "/map",
  title: "Map",
  rail: { icon: Waypoints, key: "m" },
  fill: true,
  load: () => import("./view.js"),
};
