import { ChevronDown, ChevronUp } from "lucide-preact";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { setParams } from "../base/address.js";
import { countText, plural } from "../base/number.js";

/** TraceTools is the line above the waterfall: find, fold, zoom. */
export function TraceTools({
  found,
  at,
  text,
  only,
  hidden,
  zoomed,
  onJump,
  onFold,
  onWhole,
}: {
  found: number;
  at: number;
  text: string;
  only: boolean;
  hidden: number;
  zoomed: boolean;
  onJump: (direction: 1 | -1) => void;
  onFold: (level: number) => void;
  onWhole: () => void;
}): JSX.Element {
  const [typed, setTyped] = useState(text);
  const jump = useRef(onJump);
  jump.current = onJump;
  useEffect(() => setTyped(text), [text]);
  useEffect(() => {
    if (typed === text) return;
    const timer = setTimeout(() => setParams({ find: typed }, "replace"), 120);
    return () => clearTimeout(timer);
  }, [typed]);
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Enter") {
      setParams({ find: typed }, "replace");
      const direction = event.shiftKey ? -1 : 1;
      // A new text is found with the next drawing; the jump has to wait for it.
      setTimeout(() => jump.current(direction), 0);
    } else if (event.key === "Escape") {
      if (typed !== "") setTyped("");
      else if (event.currentTarget instanceof HTMLElement) event.currentTarget.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="trace-tools">
      <input
        id="find"
        class="input"
        type="text"
        size={30}
        placeholder="find: text, error, >20ms, >5%   (f)"
        aria-label="Find in the trace"
        spellcheck={false}
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={onKey}
      />
      {text === "" ? null : (
        <span class="row" role="status">
          <span class={found === 0 ? "bad" : "dim"}>
            {found === 0
              ? "no match"
              : at > 0
                ? `${countText(at)} of ${plural(found, "match", "matches")}`
                : plural(found, "match", "matches")}
          </span>
          <button
            type="button"
            class="button bare"
            aria-label="Previous match (N)"
            disabled={found === 0}
            onClick={() => onJump(-1)}
          >
            <ChevronUp class="icon" aria-hidden="true" />
          </button>
          <button
            type="button"
            class="button bare"
            aria-label="Next match (n)"
            disabled={found === 0}
            onClick={() => onJump(1)}
          >
            <ChevronDown class="icon" aria-hidden="true" />
          </button>
          <button
            type="button"
            class="button"
            aria-pressed={only}
            onClick={() => setParams({ only: only ? undefined : "1" }, "replace")}
          >
            Only these
          </button>
        </span>
      )}
      <span class="grow" />
      {hidden > 0 ? <span class="dim">{plural(hidden, "span")} hidden</span> : null}
      {zoomed ? (
        <button type="button" class="button" onClick={onWhole}>
          Whole trace <kbd>0</kbd>
        </button>
      ) : null}
      <span class="row" role="group" aria-label="Fold">
        <button type="button" class="button bare" onClick={() => onFold(1)}>
          1 level
        </button>
        <button type="button" class="button bare" onClick={() => onFold(2)}>
          2
        </button>
        <button type="button" class="button bare" onClick={() => onFold(4)}>
          4
        </button>
        <button type="button" class="button bare" onClick={() => onFold(Number.POSITIVE_INFINITY)}>
          all
        </button>
      </span>
    </div>
  );
}
