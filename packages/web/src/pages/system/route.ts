import { Server } from "lucide-preact";
import type { Page } from "../../base/page.js";

/** page registers system. */
export const page: Page = {
  id: "system",
  path: "/system",
  title: "System",
  rail: { icon: Server, key: "y" },
  range: false,
  load: () => import("./view.js"),
};
