import { Flame } from "lucide-preact";
import type { Page } from "../../base/page.js";

/** page registers profiles. */
export const page: Page = {
  id: "profiles",
  path: "/profiles",
  title: "Profiles",
  rail: { icon: Flame, key: "f" }, // g f
  fill: true,
  load: () => import("./view.js"),
};
