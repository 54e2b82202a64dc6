export type * from "./api/live-types.js";
export type * from "./api/types.js";
export { type ErrorCode, errorCodes, ServerError } from "./errors.js";
export { parseFilter } from "./filter/parse.js";
export { printFilter } from "./filter/print.js";
export type { JaegerPorts } from "./foreign/jaeger-ports.js";
export type { ScrapeConfig } from "./scrape/config.js";
export { readScrapeConfig } from "./scrape/read-config.js";
export { type RunningServer, type ServerOptions, startServer } from "./server.js";
