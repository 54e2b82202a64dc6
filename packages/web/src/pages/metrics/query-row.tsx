import { X } from "lucide-preact";
import type { JSX, Ref } from "preact";
import { useMemo } from "preact/hooks";
import { countText, plural } from "../../base/number.js";
import { cell } from "../../base/text.js";
import { durationText } from "../../base/time.js";
import { type Completions, Editor, type EditorHandle } from "../../widgets/editor/editor.js";
import { letterOf, placeOf } from "./series.js";
import type { Result } from "./use-queries.js";

/** QueryRow is one query: its editor, what it cost, and what is wrong with it. */
export function QueryRow({
  at,
  text,
  result,
  handle,
  onChange,
  onRun,
  onRemove,
  complete,
}: {
  at: number;
  text: string;
  result: Result | undefined;
  handle?: Ref<EditorHandle>;
  onChange: (text: string) => void;
  onRun: () => void;
  onRemove: (() => void) | undefined;
  complete: (text: string, at: number, explicit: boolean) => Promise<Completions | undefined>;
}): JSX.Element {
  const asked = result !== undefined && result.query === text.trim();
  const message = asked ? result.error?.message : undefined;
  const mistake = useMemo(
    () => (message === undefined ? undefined : placeOf(text, message)),
    [message, text],
  );
  return (
    <div class="query" role="group" aria-label={`Query ${letterOf(at)}`}>
      <span class="letter" aria-hidden="true">
        {letterOf(at)}
      </span>
      <div class="grow">
        <Editor
          {...(handle === undefined ? {} : { handle })}
          value={text}
          language="promql"
          label={`PromQL ${letterOf(at)}`}
          placeholder="A metric's name, or PromQL. Enter runs, Shift+Enter is a new line, Ctrl+Space completes."
          enterRuns
          mistake={mistake}
          onChange={onChange}
          onRun={onRun}
          complete={complete}
        />
        {message === undefined ? null : (
          <p class="bad said" role="alert">
            {cell(message, 600)}
            {result?.error?.hint ? ` ${result.error.hint}` : ""}
          </p>
        )}
        {asked && result.warnings.length > 0 ? (
          <p class="warn said">{cell(result.warnings.join("; "), 600)}</p>
        ) : null}
      </div>
      <span class="dim cost">
        {asked && result.error === undefined
          ? `${seriesText(result)} · ${durationText(result.took_ms * 1e6)}`
          : ""}
      </span>
      {onRemove === undefined ? null : (
        <button
          type="button"
          class="button bare"
          aria-label={`Remove query ${letterOf(at)}`}
          onClick={onRemove}
        >
          <X class="icon" aria-hidden="true" />
        </button>
      )}
    </div>
  );
}

function seriesText({ matrix, instant }: Result): string {
  const list = matrix?.result ?? instant?.result;
  if (list === undefined) return "";
  if (instant?.resultType === "scalar" || instant?.resultType === "string") return "1 value";
  return list.length === 1 ? plural(1, "series", "series") : `${countText(list.length)} series`;
}
