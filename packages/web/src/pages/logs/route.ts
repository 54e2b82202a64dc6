import { ScrollText } from "lucide-preact";
import type { Page } from "../../base/page.js";

/** page registers logs. */
export const page: Page = {
  id: "logs",
  path: "/logs",
  title: "Logs",
  rail: { icon: ScrollText, key: "l" },
  filter: "logs",
  fill: true,
  load: () => import("./view.js"),
};
