import { Stethoscope } from "lucide-preact";
import type { Page } from "../../base/page.js";

/** page registers diagnosis. */
export const page: Page = {
  id: "diagnosis",
  path: "/diagnosis",
  title: "Diagnosis",
  rail: { icon: Stethoscope, key: "d" },
  load: () => import("./view.js"),
};
