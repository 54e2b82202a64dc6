import type { Page } from "../base/page.js";
import { page as diagnosis } from "./diagnosis/route.js";
import { page as later } from "./later/route.js";
import { page as logs } from "./logs/route.js";
import { page as map } from "./map/route.js";
import { page as metrics } from "./metrics/route.js";
import { page as overview } from "./overview/route.js";
import { page as probes } from "./probes/route.js";
import { page as profiles } from "./profiles/route.js";
import { page as service } from "./service/route.js";
import { page as services } from "./services/route.js";
import { page as settings } from "./settings/route.js";
import { page as sql } from "./sql/route.js";
import { page as system } from "./system/route.js";
import { page as trace } from "./trace/route.js";
import { page as traces } from "./traces/route.js";

/** pages lists every page, in the order of the navigation. A page's code is loaded when it is opened. */
export const pages: readonly Page[] = [
  overview,
  map,
  services,
  service,
  traces,
  trace,
  logs,
  metrics,
  profiles,
  diagnosis,
  sql,
  probes,
  system,
  settings,
  ...later,
];
