import {
  decodeJson,
  decodeProtobuf,
  ExportTraceServiceRequest,
  encodeProtobuf,
  Resource,
  type ScopeSpans,
  SPAN_KIND,
  type Span,
  TelemetryError,
} from "@go3s/telemetry";
import type { Exporter } from "../export/exporter.js";
import { hexText, idLayout } from "../spans/ids.js";
import type { MadeSpan } from "./made-spans.js";

/** MadeSpanWriter sends the spans that programs make themselves as they are, with our ids and the process's resource. */
export interface MadeSpanWriter {
  write(span: MadeSpan, json: Uint8Array): void;
  /** flush sends what was written since the last time. */
  flush(): void;
  /** dropped counts those that are no OTLP. */
  dropped(): Readonly<Record<string, number>>;
}

type Collected = { readonly scope: ScopeSpans; readonly spans: Span[] };

// Sent at once when so many wait: some 300 KB.
const mostWaiting = 1000;
// W3C flags: sampled.
const sampled = 1;

/** newMadeSpanWriter makes one. */
export function newMadeSpanWriter(exporter: Exporter): MadeSpanWriter {
  const resources = new Map<Uint8Array, Map<string, Collected>>();
  let waiting = 0;
  let unreadable = 0;

  const flush = (): void => {
    if (waiting === 0) return;
    const resourceSpans = [...resources].map(([resource, scopes]) => ({
      resource: decodeProtobuf(Resource, resource),
      scopeSpans: [...scopes.values()].map(({ scope, spans }) => ({ ...scope, spans })),
    }));
    exporter.send("traces", encodeProtobuf(ExportTraceServiceRequest, { resourceSpans }), waiting);
    resources.clear();
    waiting = 0;
  };

  return {
    write(made, json) {
      const scope = readMade(json);
      const span = scope?.spans[0];
      if (scope === undefined || span === undefined) {
        unreadable++;
        return;
      }
      const { resource } = made.process;
      const scopes = resources.get(resource) ?? new Map<string, Collected>();
      resources.set(resource, scopes);
      const key = [scope.scope?.name, scope.scope?.version, scope.schemaUrl].join("\0");
      const collected = scopes.get(key) ?? { scope, spans: [] };
      scopes.set(key, collected);
      collected.spans.push(identified(span, made));
      made.process.spans++;
      if (++waiting >= mostWaiting) flush();
    },
    flush,
    dropped: () => ({ "made-span-unreadable": unreadable }),
  };
}

/** identified puts ids in. A link to a span of this kind has none: its program never knew them. */
function identified(span: Span, { ids, hasParent }: MadeSpan): Span {
  return {
    ...span,
    traceId: hexText(ids, idLayout.trace, 16),
    spanId: hexText(ids, idLayout.span, 8),
    parentSpanId: hasParent ? hexText(ids, idLayout.parent, 8) : "",
    flags: sampled,
    // The API's default, which the SDK for agents leaves out.
    kind: span.kind === SPAN_KIND.UNSPECIFIED ? SPAN_KIND.INTERNAL : span.kind,
    links: span.links.filter(({ traceId, spanId }) => /[1-9a-f]/.test(traceId) && /[1-9a-f]/.test(spanId)),
  };
}

// Times are JSON numbers there, which JSON.parse rounds to 128 ns: strings, as OTLP has them, keep every digit. In a string of the
// program's a quotation mark has a backslash in front, so that nothing but members' names is found.
const time = /("(?:startTimeUnixNano|endTimeUnixNano|timeUnixNano)":)(\d+)/g;

/** readMade reads the one span that such a text has, with its scope; undefined for what is none. */
function readMade(json: Uint8Array): ScopeSpans | undefined {
  const text = Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString("utf8");
  try {
    return decodeJson(ExportTraceServiceRequest, text.replace(time, '$1"$2"')).resourceSpans[0]
      ?.scopeSpans[0];
  } catch (error) {
    if (error instanceof TelemetryError) return undefined;
    throw error;
  }
}
