import type { CompleteAnswer, CompleteItem, FilterParseAnswer } from "@go3s/server";
import { Search } from "lucide-preact";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { apiUrl, get, isAbort } from "../base/api.js";
import { countText } from "../base/number.js";
import { type Piece, pieces } from "./filter-paint.js";

/** Parsed is what the server's parser says of one text: of another that is typed by now it says nothing. */
type Parsed = { readonly of: string; readonly answer: FilterParseAnswer } | undefined;

/**
 * FilterBar edits a filter: it paints keys, marks a mistake where it stands and says what was expected, and completes
 * keys and values from the data. Enter applies; a filter with a mistake is never sent as if it found nothing.
 */
export function FilterBar({
  value,
  signal: kind,
  from,
  to,
  placeholder,
  onApply,
}: {
  value: string;
  signal: "traces" | "logs";
  from: string;
  to: string;
  placeholder: string;
  onApply: (text: string) => void;
}): JSX.Element {
  const [text, setText] = useState(value);
  const [parsed, setParsed] = useState<Parsed>(undefined);
  const [offers, setOffers] = useState<CompleteAnswer | undefined>(undefined);
  const [at, setAt] = useState(-1);
  const [focused, setFocused] = useState(false);
  const [left, setLeft] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const cursor = useRef(value.length);

  useEffect(() => setText(value), [value]);

  useEffect(() => {
    const controller = new AbortController();
    const timer = setTimeout(() => {
      if (text.trim() === "") setParsed(undefined);
      else {
        get<FilterParseAnswer>(apiUrl("filter/parse", { signal: kind, filter: text }), controller.signal)
          .then((answer) => setParsed({ of: text, answer }))
          .catch((error: unknown) => {
            if (!isAbort(error)) setParsed(undefined);
          });
      }
      if (!focused) return;
      get<CompleteAnswer>(
        apiUrl("complete", { signal: kind, text, cursor: cursor.current, from, to }),
        controller.signal,
      )
        .then((answer) => {
          setOffers(answer);
          setAt(-1);
        })
        .catch(() => undefined);
    }, 90);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text, focused, kind, from, to]);

  const items = focused ? (offers?.items.slice(0, 30) ?? []) : [];
  const take = (item: CompleteItem) => {
    if (offers === undefined) return;
    const { start, end } = offers.replace;
    const next = text.slice(0, start) + item.insert + text.slice(end);
    cursor.current = start + item.insert.length;
    setOffers(undefined);
    setAt(-1);
    setText(next);
    requestAnimationFrame(() => input.current?.setSelectionRange(cursor.current, cursor.current));
  };
  const apply = () => {
    if (parsed?.of === text && !parsed.answer.ok) return;
    setOffers(undefined);
    input.current?.blur();
    onApply(text.trim());
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" && items.length > 0) setAt(Math.min(items.length - 1, at + 1));
    else if (event.key === "ArrowUp" && items.length > 0) setAt(Math.max(-1, at - 1));
    else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) {
      const item = items[at];
      if (item !== undefined) take(item);
    } else if (event.key === "Enter") apply();
    else if (event.key === "Escape") {
      setText(value);
      input.current?.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const wrong = parsed !== undefined && !parsed.answer.ok ? parsed.answer : undefined;
  const painted: readonly Piece[] = pieces(text, wrong?.place);
  return (
    <div class="filter">
      <div class={`field${wrong === undefined ? "" : " wrong"}`}>
        <Search class="icon" aria-hidden="true" />
        <div class="typed">
          <div class="paint" aria-hidden="true" style={{ left: `${-left}px` }}>
            {painted.map((piece, index) => (
              <span key={index} class={piece.look}>
                {piece.text}
              </span>
            ))}
          </div>
          <input
            ref={input}
            id="filter"
            type="text"
            autocomplete="off"
            spellcheck={false}
            role="combobox"
            aria-expanded={items.length > 0}
            aria-controls="filter-offers"
            aria-activedescendant={at >= 0 ? `filter-offer-${at}` : undefined}
            aria-invalid={wrong !== undefined}
            aria-describedby="filter-said"
            aria-label={placeholder}
            placeholder={placeholder}
            value={text}
            onFocus={() => setFocused(true)}
            onBlur={() => setFocused(false)}
            onKeyDown={onKey}
            onScroll={(event) => setLeft(event.currentTarget.scrollLeft)}
            onInput={(event) => {
              cursor.current = event.currentTarget.selectionStart ?? event.currentTarget.value.length;
              setText(event.currentTarget.value);
            }}
          />
        </div>
        {text === "" ? (
          <kbd class="row">/</kbd>
        ) : (
          <button
            type="button"
            class="button bare"
            onClick={() => {
              setText("");
              onApply("");
            }}
          >
            clear
          </button>
        )}
      </div>
      {focused && (items.length > 0 || wrong !== undefined || text === "") ? (
        <div class="float">
          <p class="said" id="filter-said" role={wrong === undefined ? undefined : "alert"}>
            {wrong === undefined ? (
              <span class="dim">
                <code>
                  service:checkout -status:ok duration:&gt;200ms http.route:"/cart/*" (level:error OR timeout)
                </code>
              </span>
            ) : (
              <Mistake of={wrong} />
            )}
          </p>
          <div id="filter-offers" role="listbox" aria-label="Completions">
            {items.map((item, index) => (
              <button
                key={item.label}
                id={`filter-offer-${index}`}
                type="button"
                class="choice"
                role="option"
                tabIndex={-1}
                aria-selected={index === at}
                onPointerDown={(event) => event.preventDefault()}
                onClick={() => take(item)}
              >
                <code class="cut">{item.label}</code>
                <span class="grow cut dim">{item.detail}</span>
                <span class="dim">{item.count > 0 ? countText(item.count) : ""}</span>
              </button>
            ))}
          </div>
        </div>
      ) : null}
    </div>
  );
}

/** Mistake says what is wrong with a filter and what was expected. */
export const Mistake = ({ of }: { of: Extract<FilterParseAnswer, { ok: false }> }): JSX.Element => (
  <span>
    <strong class="bad">{of.message}</strong>
    {of.expected.length === 0 ? null : <span> · expected {of.expected.join(", ")}</span>}
    {of.hint === "" ? null : <span class="dim"> · {of.hint}</span>}
  </span>
);
