import { address } from "../../base/address.js";
import { warm } from "../../base/answers.js";
import type { Page } from "../../base/page.js";
import { urlOf } from "./address.js";

const path = "/traces/";

/** page registers trace. */
export const page: Page = {
  id: "trace",
  path: `${path}{id}`,
  title: "Trace",
  fill: true,
  range: false,
  load() {
    // A large trace takes the store longer than the browser takes to load the page's code: both at once.
    const at = address.peek().path;
    const id = at.startsWith(path) ? at.slice(path.length).replace(/\/+$/, "") : "";
    if (/^[0-9a-f]{32}$/i.test(id)) warm(urlOf(id));
    return import("./view.js");
  },
};
