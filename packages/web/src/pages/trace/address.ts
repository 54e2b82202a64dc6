import { apiUrl } from "../../base/api.js";

/** urlOf is where a trace is asked for: by its view, and by its route while the view's code is on its way. */
export const urlOf = (id: string): string => apiUrl(`traces/${encodeURIComponent(id)}`);
