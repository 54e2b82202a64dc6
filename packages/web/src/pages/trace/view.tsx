import type { TraceAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { linkTo } from "../../base/address.js";
import { useAnswer } from "../../base/answers.js";
import type { PageProps } from "../../base/page.js";
import { cell } from "../../base/text.js";
import { TraceView } from "../../panels/trace-view.js";
import { Failed, Loading } from "../../widgets/region.js";
import { urlOf } from "./address.js";

/** View is one trace. */
export function View({ part: id }: PageProps): JSX.Element {
  const answer = useAnswer<TraceAnswer>(urlOf(id));
  const { data, error } = answer;
  if (error !== undefined && (data === undefined || answer.stale)) {
    if (error.status === 404) return <NotHere id={id} retry={answer.retry} />;
    return <Failed error={error} retry={answer.retry} />;
  }
  if (data === undefined || answer.stale) return <Loading what="the trace" rows={14} />;
  return <TraceView key={data.trace_id} answer={data} />;
}

const againMs = 2000;
const againFor = 15;

function NotHere({ id, retry }: { id: string; retry: () => void }): JSX.Element {
  // A trace that was sent a moment ago can be asked for some seconds later: look again for half a minute.
  const left = useRef(againFor);
  const again = useRef(retry);
  again.current = retry;
  useEffect(() => {
    const timer = setInterval(() => {
      if (left.current-- > 0) again.current();
    }, againMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="note">
      <h1>No span of this trace is stored</h1>
      <code>{cell(id, 80)}</code>
      <p>
        It may not have arrived yet, its spans may have been sampled away where they were made, or the id may
        be cut: a trace id has 32 hex digits
        {/^[0-9a-f]{32}$/.test(id) ? "" : `, this has ${id.length} characters`}.
      </p>
      <p class="row wrap">
        <a class="button primary" href={`/traces/${encodeURIComponent(id)}`} data-reload="">
          Look again
        </a>
        <a class="button" href={linkTo("/traces")}>
          Search traces
        </a>
        <a class="button" href={linkTo("/logs", { q: `trace:${JSON.stringify(id)}`, from: "now-30d" })}>
          Logs with this trace id
        </a>
      </p>
    </div>
  );
}
