import { Boxes } from "lucide-preact";
import type { Page } from "../../base/page.js";

/** page registers services. */
export const page: Page = {
  id: "services",
  path: "/services",
  title: "Services",
  rail: { icon: Boxes, key: "s" },
  load: () => import("./view.js"),
};
