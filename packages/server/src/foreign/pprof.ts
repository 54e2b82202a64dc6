import { gunzipSync } from "node:zlib";
import { type PprofSource, PprofToOtlp, WIRE, WireReader } from "@go3s/telemetry";
import { ServerError, textOf } from "../errors.js";
import { multipartPart } from "./multipart.js";

/** PprofRequest is a request with profiles in pprof's format, however it carries them. */
export interface PprofRequest {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly search: URLSearchParams;
  /** most is how many bytes one profile may have after decompression. */
  readonly most: number;
}

/** pprofTypes are the media types of a body that is one profile; curl says the last one of any file. */
export const pprofTypes = [
  "application/octet-stream",
  "application/x-protobuf",
  "application/protobuf",
  "application/vnd.google.protobuf+gzip",
  "application/gzip",
  "application/x-gzip",
  "multipart/form-data",
  "application/x-www-form-urlencoded",
] as const;

/**
 * pprofToOtlp takes the body of POST /v1/pprof?service=NAME: a profile as it is, as `runtime/pprof` and `go tool pprof
 * -proto` write it, or the part `profile` of a form. Other parameters become attributes of the resource.
 */
export function pprofToOtlp({ body, contentType, search, most }: PprofRequest): Uint8Array {
  const service = search.get("service") ?? "";
  if (service === "")
    throw new ServerError("bad-parameter", "/v1/pprof is not told whose profile this is", {
      hint: "say it as /v1/pprof?service=NAME; other parameters become attributes of the resource",
    });
  const attributes = [...search].filter(([key]) => key !== "service");
  return requestOf([[profileIn(body, contentType), { service, attributes }]], most);
}

/**
 * ingestToOtlp takes the body of POST /ingest?name=NAME{label=value,…} as Pyroscope's clients send it: a form with the part
 * `profile`, or with `format=pprof` the profile itself.
 */
export function ingestToOtlp({ body, contentType, search, most }: PprofRequest): Uint8Array {
  const format = search.get("format") ?? "";
  const isForm = contentType.toLowerCase().startsWith("multipart/form-data");
  if (format !== "pprof" && (format !== "" || !isForm))
    throw new ServerError("unsupported-type", `/ingest does not take the format ${JSON.stringify(format)}`, {
      hint: "send pprof (format=pprof, or a form with the part `profile`)",
    });
  const [, service = "", labels = ""] = /^([^{]*)(?:\{(.*)\})?$/s.exec(search.get("name") ?? "") ?? [];
  const pairs = labels.split(",").flatMap((pair): (readonly [string, string])[] => {
    const [key = "", value = ""] = pair.split(/=(.*)/s).map((part) => part.trim());
    return key === "" ? [] : [[key, value]];
  });
  return requestOf([[profileIn(body, contentType), sourceOf(service, pairs)]], most);
}

/**
 * pushToOtlp takes a push.v1.PushRequest, which Grafana Alloy sends by Connect's unary protocol: series (1) of labels (1:
 * name 1, value 2) and samples (2: profile 1).
 */
export function pushToOtlp({ body, most }: PprofRequest): Uint8Array {
  const profiles: (readonly [Uint8Array, PprofSource])[] = [];
  const reader = new WireReader(body);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 1) {
      reader.skip();
      continue;
    }
    reader.expect(WIRE.BYTES, field);
    const outer = reader.enter();
    const labels: (readonly [string, string])[] = [];
    const found: Uint8Array[] = [];
    for (let inner = reader.next(); inner !== 0; inner = reader.next()) {
      if (inner > 2) {
        reader.skip();
        continue;
      }
      reader.expect(WIRE.BYTES, inner);
      const item = reader.enter();
      const texts = ["", ""];
      for (let each = reader.next(); each !== 0; each = reader.next()) {
        if (each > 2 || (inner === 2 && each === 2)) {
          reader.skip();
          continue;
        }
        reader.expect(WIRE.BYTES, each);
        if (inner === 2) found.push(reader.range());
        else texts[each - 1] = reader.string();
      }
      if (inner === 1) labels.push([texts[0] ?? "", texts[1] ?? ""]);
      reader.leave(item);
    }
    reader.leave(outer);
    for (const profile of found) profiles.push([profile, sourceOf("", labels)]);
  }
  return requestOf(profiles, most);
}

/** sourceOf reads Pyroscope's labels: `service_name` comes before the name, those with __ are its own. */
function sourceOf(name: string, labels: readonly (readonly [string, string])[]): PprofSource {
  const labelled = (key: string) => labels.find(([each]) => each === key)?.[1] ?? "";
  return {
    service: labelled("service_name") || name || labelled("__name__"),
    attributes: labels.filter(([key]) => key !== "service_name" && !key.startsWith("__")),
  };
}

function profileIn(body: Uint8Array, contentType: string): Uint8Array {
  if (!contentType.toLowerCase().startsWith("multipart/form-data")) return body;
  const part = multipartPart(body, contentType, "profile");
  if (part !== undefined) return part;
  throw new ServerError("not-otlp", "the form has no part `profile`", {
    hint: "send the pprof profile as a file in the field `profile`",
  });
}

function requestOf(profiles: readonly (readonly [Uint8Array, PprofSource])[], most: number): Uint8Array {
  const request = new PprofToOtlp();
  let left = most;
  for (const [bytes, source] of profiles) {
    const plain = gunzipped(bytes, left, most);
    left -= plain.length;
    request.add(plain, source);
  }
  return request.finish();
}

/** gunzipped takes a profile out of gzip, which pprof's writers put it into; its two magic bytes are no pprof. */
function gunzipped(bytes: Uint8Array, left: number, most: number): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    // zlib takes no bound of 0.
    return gunzipSync(bytes, { maxOutputLength: Math.max(1, left) });
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new ServerError("too-large", `the profile is larger than ${most} bytes after decompression`, {
        hint: "send shorter profiles, or one at a time",
      });
    throw new ServerError("bad-encoding", `the profile is not gzip: ${textOf(cause)}`, { cause });
  }
}
