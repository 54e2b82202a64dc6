import { ListTree } from "lucide-preact";
import type { Page } from "../../base/page.js";

/** page registers traces. */
export const page: Page = {
  id: "traces",
  path: "/traces",
  title: "Traces",
  rail: { icon: ListTree, key: "t" },
  filter: "traces",
  fill: true,
  load: () => import("./view.js"),
};
