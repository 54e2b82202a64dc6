import type { ErrorBody } from "@go3s/server";

// The one way to the server. Answers are trusted to have the shape of the server's own types: both sides are one build.

/** ApiError is a request that gave no answer: refused by the server, or never reached it (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  readonly url: string;
  readonly position: number | undefined;
  readonly expected: readonly string[];

  constructor(status: number, url: string, body: Partial<ErrorBody["error"]>, cause?: unknown) {
    super(body.message ?? `the server answered ${status}`, cause === undefined ? {} : { cause });
    this.status = status;
    this.url = url;
    this.code = body.code ?? `http-${status}`;
    this.hint = body.hint ?? "";
    this.position = body.position;
    this.expected = body.expected ?? [];
  }
}

/** Params of a request; undefined and "" are left out. */
export type Params = Readonly<Record<string, string | number | undefined>>;

/** apiUrl prints the address of an endpoint below /api/v1. */
export function apiUrl(path: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? `/api/v1/${path}` : `/api/v1/${path}?${text}`;
}

function isErrorBody(value: unknown): value is ErrorBody {
  return typeof value === "object" && value !== null && "error" in value && typeof value.error === "object";
}

/** Prometheus' API tells errors its own way. */
function isPrometheusError(value: unknown): value is { readonly error: string; readonly errorType: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    "error" in value &&
    typeof value.error === "string" &&
    "errorType" in value &&
    typeof value.errorType === "string"
  );
}

/** errorOf reads the refusal of a response, whatever its body is. */
export async function errorOf(response: Response, url: string): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  try {
    const body: unknown = JSON.parse(text);
    if (isErrorBody(body)) return new ApiError(response.status, url, body.error);
    if (isPrometheusError(body)) {
      return new ApiError(response.status, url, { code: body.errorType, message: body.error });
    }
  } catch {
    return new ApiError(response.status, url, {
      message: text.slice(0, 300) || `the server answered ${response.status}`,
    });
  }
  return new ApiError(response.status, url, { message: `the server answered ${response.status}` });
}

/** send makes a request and gives the response, or throws ApiError; an abort stays the AbortError it is. */
export async function send(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(
      0,
      url,
      {
        code: "unreachable",
        message: "the server did not answer",
        hint: "Is `go3s up` still running? The page tries again by itself.",
      },
      cause,
    );
  }
  if (!response.ok) throw await errorOf(response, url);
  return response;
}

/** get asks an endpoint for its answer. */
export async function get<T>(url: string, signal?: AbortSignal): Promise<T> {
  const response = await send(url, signal === undefined ? {} : { signal });
  const answer: T = await response.json();
  return answer;
}

/** isAbort tells a request that was given up on purpose from one that failed. */
export const isAbort = (error: unknown): boolean =>
  error instanceof DOMException && error.name === "AbortError";
