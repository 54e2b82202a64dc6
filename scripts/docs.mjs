// Writes docs/errors.md and docs/schema.md from the tables in the code: `npm run docs`. A test keeps them equal.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { errorsPage, schemaPage } from "../packages/cli/dist/docs-pages.js";

const docs = join(dirname(dirname(fileURLToPath(import.meta.url))), "docs");
writeFileSync(join(docs, "errors.md"), errorsPage());
writeFileSync(join(docs, "schema.md"), schemaPage());
