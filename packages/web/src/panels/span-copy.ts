import type { SpanAnswer } from "@go3s/server";

// A span in the forms that other tools take. What is copied is pasted into terminals: no control character may come along.

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is its purpose
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** quoted is a text as one word of a POSIX shell. */
export const quoted = (text: string): string =>
  `'${text.replace(control, (character) => encodeURIComponent(character)).replaceAll("'", "'\\''")}'`;

type Attributes = SpanAnswer["attributes"];

const first = (of: Attributes, ...keys: readonly string[]): string => {
  for (const key of keys) if (of[key] !== undefined && of[key] !== "") return of[key];
  return "";
};

/** urlOf puts a request's address together; names before 1.20 of the semantic conventions count too. "" where parts are missing. */
function urlOf(of: Attributes): string {
  const full = first(of, "url.full", "http.url");
  if (full !== "") return full;
  const host = first(of, "server.address", "net.peer.name", "http.host", "net.host.name");
  const target = first(of, "url.path", "http.target");
  if (host === "" || target === "") return "";
  const port = first(of, "server.port", "net.peer.port", "net.host.port");
  const query = first(of, "url.query");
  const place = host.includes(":") && !host.startsWith("[") && port !== "" ? `[${host}]` : host;
  const scheme = first(of, "url.scheme", "http.scheme") || (port === "443" ? "https" : "http");
  return `${scheme}://${place}${port === "" || /^[^:]+:\d+$|\]:\d+$/.test(host) ? "" : `:${port}`}${target}${query === "" ? "" : `?${query}`}`;
}

/** curlOf gives the command that makes an HTTP span's request again; undefined where it is not one. Its body is not kept. */
export function curlOf(span: SpanAnswer): string | undefined {
  const method = first(span.attributes, "http.request.method", "http.method");
  const url = urlOf(span.attributes);
  if (!/^[A-Z]{1,20}$/.test(method) || !/^https?:\/\//i.test(url)) return undefined;
  const headers = Object.entries(span.attributes).flatMap(([key, value]) => {
    const name = /^http\.request\.header\.([\w-]+)$/.exec(key)?.[1];
    return name === undefined ? [] : [`-H ${quoted(`${name}: ${oneOf(value)}`)}`];
  });
  const how = method === "GET" ? [] : method === "HEAD" ? ["-I"] : ["-X", method];
  return ["curl", "-i", ...how, ...headers, quoted(url)].join(" ");
}

/** oneOf gives the value of a header that was recorded as a list. */
function oneOf(value: string): string {
  if (!value.startsWith("[")) return value;
  try {
    const list: unknown = JSON.parse(value);
    return Array.isArray(list) ? list.map(String).join(", ") : value;
  } catch {
    return value;
  }
}

/** sqlOf gives the statement that reads the span. Ids are hexadecimal; anything else is not put into a statement. */
export function sqlOf(span: Pick<SpanAnswer, "trace_id" | "span_id">): string {
  const hex = (id: string) => id.replace(/[^0-9a-f]/gi, "");
  return `SELECT * FROM traces WHERE trace_id = '${hex(span.trace_id)}' AND span_id = '${hex(span.span_id)}'`;
}
