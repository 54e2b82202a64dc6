import { fileURLToPath } from "node:url";

/**
 * siteFolder is the absolute path of the built page: `index.html` and an `assets/` folder of files whose names carry a
 * hash of their content (they may be cached for ever; `index.html` must not be). Any other address of the page is
 * answered with `index.html`. The folder exists after `npm run build`.
 */
export const siteFolder: string = fileURLToPath(new URL("./site", import.meta.url));
