import type { ServerResponse } from "node:http";
import type { ErrorBody } from "../api/types.js";
import { ServerError, textOf } from "../errors.js";

/** errorOf turns anything thrown into a ServerError; what is not one is a bug of ours. */
export function errorOf(thrown: unknown): ServerError {
  if (thrown instanceof ServerError) return thrown;
  return new ServerError("internal", `Go3s failed: ${textOf(thrown)}`, {
    hint: "this is a bug; please report it with what you did",
    cause: thrown,
  });
}

/** errorBody writes an error in the one shape of the API. */
export function errorBody(error: ServerError): ErrorBody {
  const { code, message, hint, position, expected } = error;
  return {
    error: {
      code,
      message,
      hint,
      ...(position === undefined ? {} : { position }),
      ...(expected.length === 0 ? {} : { expected }),
    },
  };
}

/** sendJson answers with a value as JSON, never cached. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  sendText(response, status, "application/json; charset=utf-8", JSON.stringify(value));
}

/** sendText answers with a text or bytes, never cached. */
export function sendText(
  response: ServerResponse,
  status: number,
  type: string,
  text: string | Uint8Array,
): void {
  response.writeHead(status, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(text),
    "Cache-Control": "no-store",
  });
  response.end(text);
}

/** sendError answers with an error; after the head was sent it can only cut the connection, which the client sees as a failure. */
export function sendError(response: ServerResponse, thrown: unknown): void {
  const error = errorOf(thrown);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (error.retryAfterSeconds !== undefined) response.setHeader("Retry-After", error.retryAfterSeconds);
  sendJson(response, error.status, errorBody(error));
}
