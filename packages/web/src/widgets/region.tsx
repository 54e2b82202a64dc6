import type { ComponentChildren, JSX } from "preact";
import { address, changed, hrefOf } from "../base/address.js";
import type { Answer } from "../base/answers.js";
import type { ApiError } from "../base/api.js";
import { agoText, now, type UnixMs, unixMs } from "../base/time.js";

/** Failed says what was asked, what came back and what to do, with a button that asks again. */
export function Failed({ error, retry }: { error: ApiError; retry?: () => void }): JSX.Element {
  return (
    <div class="note bad-note" role="alert">
      <div>
        <strong>{error.message}</strong>
        {error.hint === "" ? null : <div>{error.hint}</div>}
      </div>
      <div class="row wrap dim">
        <code>
          {error.status === 0 ? "no answer" : `HTTP ${error.status}`} · {error.code} ·{" "}
          {decodeURIComponent(error.url).slice(0, 200)}
        </code>
        {retry === undefined ? null : (
          <button type="button" class="button" onClick={retry}>
            Try again
          </button>
        )}
      </div>
    </div>
  );
}

/** Loading holds a region's place while its first answer is on the way. */
export function Loading({ rows = 4, what }: { rows?: number; what: string }): JSX.Element {
  return (
    <div role="status" aria-label={`Loading ${what}`}>
      {Array.from({ length: rows }, (_, at) => (
        <div class="skeleton" style={{ width: `${90 - ((at * 37) % 50)}%` }} />
      ))}
    </div>
  );
}

/** Region shows one answer in its four states; what was there stays, dimmed, until the new is there. */
export function Region<T>({
  answer,
  what,
  rows,
  children,
}: {
  answer: Answer<T>;
  what: string;
  rows?: number;
  children: (data: T) => ComponentChildren;
}): JSX.Element {
  const { data, error, loading, stale, retry } = answer;
  return (
    <section class={`region${stale ? " stale" : ""}`} aria-label={what} aria-busy={loading}>
      {error === undefined ? null : <Failed error={error} retry={retry} />}
      {data === undefined ? (
        error === undefined ? (
          <Loading what={what} {...(rows === undefined ? {} : { rows })} />
        ) : null
      ) : (
        <div class="region-body">{children(data)}</div>
      )}
    </section>
  );
}

const hourMs = 3_600_000;

/** LastSeen is the way from an empty range to the nearest that is not: "last seen 3 h ago, go there". */
export function LastSeen({ what, last }: { what: string; last: number | null }): JSX.Element {
  if (last === null) return <p>Nothing has arrived yet: there is no {what} at any time.</p>;
  const moment: UnixMs = unixMs(last);
  const near = now() - last < hourMs;
  const params = near
    ? changed(address.value.params, { from: undefined, to: undefined })
    : changed(address.value.params, {
        from: String(Math.round(last - hourMs / 2)),
        to: String(Math.round(last + 1000)),
      });
  return (
    <p>
      The newest {what} is from {agoText(moment)}. <a href={hrefOf(address.value.path, params)}>Go there</a>
    </p>
  );
}
