import { diagnose } from "../diagnosis/diagnose.js";
import { readingSource } from "../diagnosis/read.js";
import type { DiagnosisAnswer } from "../diagnosis/types.js";
import { ServerError } from "../errors.js";
import type { ApiContext, ApiRequest } from "./context.js";
import { oneOf, rangeOf, timeOf } from "./parameters.js";

const figures = ["any", "latency", "errors", "traffic"] as const;

/**
 * diagnosis answers GET diagnosis?service=…: what stands out in the range and why. `operation` narrows it, `since` says when it began
 * (else that is looked for), `figure` (latency, errors, traffic) what to look at.
 */
export async function diagnosis(context: ApiContext, request: ApiRequest): Promise<DiagnosisAnswer> {
  const { search } = request;
  const service = search.get("service") ?? "";
  if (service === "")
    throw new ServerError("bad-parameter", "no service is named", {
      hint: "add service=NAME; GET services lists them",
    });
  const range = rangeOf(search, request.nowMs);
  const since = search.get("since") ?? "";
  const since_ms = since === "" ? undefined : timeOf("since", since, request.nowMs);
  if (since_ms !== undefined && since_ms >= range.to_ms)
    throw new ServerError("bad-parameter", "since is not before the end of the range", {
      hint: "leave it out",
    });
  const figure = oneOf(search, "figure", figures);
  const question = {
    service,
    operation: search.get("operation") ?? "",
    range,
    since_ms,
    figure: figure === "any" ? undefined : figure,
  };
  return diagnose(readingSource(context, request, question), question);
}
