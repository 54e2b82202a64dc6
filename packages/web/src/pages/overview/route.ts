import { LayoutDashboard } from "lucide-preact";
import type { Page } from "../../base/page.js";

/** page registers overview. */
export const page: Page = {
  id: "overview",
  path: "/",
  title: "Overview",
  rail: { icon: LayoutDashboard, key: "o" },
  load: () => import("./view.js"),
};
