export type * from "./api/types.js";
export { type ErrorCode, errorCodes, ServerError } from "./errors.js";
export { parseFilter } from "./filter/parse.js";
export { printFilter } from "./filter/print.js";
export { type RunningServer, type ServerOptions, startServer } from "./server.js";
