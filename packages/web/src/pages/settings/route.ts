import { Settings } from "lucide-preact";
import type { Page } from "../../base/page.js";

/** page registers settings. */
export const page: Page = {
  id: "settings",
  path: "/settings",
  title: "Settings",
  rail: { icon: Settings, key: "," },
  range: false,
  load: () => import("./view.js"),
};
