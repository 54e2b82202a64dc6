import { ChevronDown, ChevronUp } from "lucide-preact";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { setParams } from "../base/address.js";
import { countText, plural } from "../base/number.js";
import { projections, type TraceState } from "./trace-state.js";

/** TraceTools is the line above a trace: its projections, find, fold, zoom. */
export function TraceTools({ state }: { state: TraceState }): JSX.Element {
  const { as, model, view } = state;
  const shown = useMemo(
    () => state.lines.rows.reduce((sum, row) => sum + (row >= 0 ? 1 : 0), 0),
    [state.lines],
  );
  const hidden = as === "" ? model.count - shown : 0;
  const zoomed = (as === "" || as === "flame") && (view.from > 0 || view.to < model.duration);
  return (
    <div class="trace-tools">
      <span class="row projections" role="group" aria-label="Show as">
        {projections.map(({ id, title, key }) => (
          <button
            key={id}
            type="button"
            class="button bare"
            aria-pressed={as === id}
            title={`${title} (${key})`}
            onClick={() => setParams({ as: id })}
          >
            {title}
          </button>
        ))}
      </span>
      <Find state={state} />
      <Found state={state} />
      <span class="grow" />
      {hidden > 0 ? <span class="dim">{plural(hidden, "span")} hidden</span> : null}
      {zoomed ? (
        <button type="button" class="button" onClick={() => state.setView({ from: 0, to: model.duration })}>
          Whole trace <kbd>0</kbd>
        </button>
      ) : null}
      {as === "" ? (
        <span class="row" role="group" aria-label="Fold to levels">
          <span class="dim" aria-hidden="true">
            Levels
          </span>
          {[1, 2, 4, Number.POSITIVE_INFINITY].map((level) => (
            <button
              key={level}
              type="button"
              class="button bare"
              aria-label={level < 9 ? `Show ${plural(level, "level")}` : "Show all levels"}
              onClick={() => state.foldAll(level)}
            >
              {level < 9 ? level : "all"}
            </button>
          ))}
        </span>
      ) : null}
    </div>
  );
}

function Find({ state }: { state: TraceState }): JSX.Element {
  const text = state.find;
  const [typed, setTyped] = useState(text);
  const jump = useRef(state.jump);
  jump.current = state.jump;
  // What was put into the address from here comes back late: it must not undo what was typed meanwhile.
  const put = useRef(text);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    if (text !== put.current) setTyped(text);
    put.current = text;
  }, [text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const look = (wanted: string) => {
    clearTimeout(timer.current);
    put.current = wanted;
    setParams({ find: wanted }, "replace");
  };
  const type = (wanted: string) => {
    setTyped(wanted);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => look(wanted), 120);
  };
  const onKey = (event: JSX.TargetedKeyboardEvent<HTMLInputElement>) => {
    const { value } = event.currentTarget;
    if (event.key === "Enter") {
      look(value);
      const direction = event.shiftKey ? -1 : 1;
      // A new text is found with the next drawing; the jump has to wait for it.
      setTimeout(() => jump.current(direction), 0);
    } else if (event.key === "Escape") {
      if (value !== "") {
        setTyped("");
        look("");
      } else event.currentTarget.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <input
      id="find"
      class="input find"
      type="text"
      size={34}
      placeholder="find: text, error, >20ms, http.route:/cart  (f)"
      title="Words that must all hold: text of names, error, >20ms, >5% (of the trace), or a filter as in Traces: http.response.status_code:500"
      aria-label="Find in the trace"
      spellcheck={false}
      value={typed}
      onInput={(event) => type(event.currentTarget.value)}
      onKeyDown={onKey}
    />
  );
}

function Found({ state }: { state: TraceState }): JSX.Element | null {
  const { find, found, findError, only } = state;
  if (find === "") return null;
  if (findError !== undefined) {
    return (
      <span class="bad" role="status">
        {findError.message}
      </span>
    );
  }
  if (found === undefined) {
    return (
      <span class="dim" role="status">
        looking…
      </span>
    );
  }
  const count = found.rows.length;
  const at = found.marks[state.cursor] === 1 ? found.rows.indexOf(state.cursor) + 1 : 0;
  const matches = plural(count, "match", "matches");
  return (
    <span class="row" role="status">
      <span class={count === 0 ? "bad" : "dim"}>
        {count === 0 ? "no match" : at > 0 ? `${countText(at)} of ${matches}` : matches}
      </span>
      <button
        type="button"
        class="button bare"
        aria-label="Previous match (N)"
        disabled={count === 0}
        onClick={() => state.jump(-1)}
      >
        <ChevronUp class="icon" aria-hidden="true" />
      </button>
      <button
        type="button"
        class="button bare"
        aria-label="Next match (n)"
        disabled={count === 0}
        onClick={() => state.jump(1)}
      >
        <ChevronDown class="icon" aria-hidden="true" />
      </button>
      {state.as === "" || state.as === "table" ? (
        <button
          type="button"
          class="button"
          aria-pressed={only}
          title="Hide what does not match instead of dimming it"
          onClick={() => setParams({ only: only ? undefined : "1" }, "replace")}
        >
          Only these
        </button>
      ) : null}
    </span>
  );
}
