import type { Attributes as AttributeMap } from "@go3s/server";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { block, cell, foldedJson } from "../base/text.js";

/** copy puts a text on the clipboard; where the browser refuses (not a secure context), nothing happens. */
export function copy(text: string): void {
  void navigator.clipboard?.writeText(text).catch(() => undefined);
}

/** filterTerm writes a term of the filter language for a value, quoted where it must be. */
export function filterTerm(key: string, value: string): string {
  const plain = /^[\p{L}\p{N}_./-]+$/u.test(value) && !value.includes("..");
  return `${key}:${plain ? value : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`}`;
}

/** AttributeList shows attributes with their exact values; a filter appears when there are many. */
export function AttributeList({
  title,
  of,
  onFilter,
}: {
  title: string;
  of: AttributeMap;
  onFilter?: (term: string) => void;
}): JSX.Element | null {
  const [typed, setTyped] = useState("");
  const all = Object.entries(of);
  if (all.length === 0) return null;
  const wanted = typed.toLowerCase();
  const shown = all.filter(([key, value]) => `${key} ${value}`.toLowerCase().includes(wanted));
  return (
    <section>
      <div class="row">
        <h3 class="grow">
          {title} <span class="dim">{all.length}</span>
        </h3>
        {all.length < 9 ? null : (
          <input
            class="input"
            type="search"
            placeholder="filter"
            aria-label={`Filter ${title}`}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        )}
      </div>
      <dl class="attributes">
        {shown
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, value]) => (
            <div key={key}>
              <dt>{cell(key, 200)}</dt>
              <dd>
                <span>{block(foldedJson(value) ?? value, 4000)}</span>
                {onFilter === undefined ? null : (
                  <button
                    type="button"
                    title="Search for this value"
                    onClick={() => onFilter(filterTerm(key, value))}
                  >
                    find
                  </button>
                )}
                <button type="button" title="Copy the value" onClick={() => copy(value)}>
                  copy
                </button>
              </dd>
            </div>
          ))}
      </dl>
      {shown.length === 0 ? (
        <p class="dim">
          None of {all.length} contains “{cell(typed, 60)}”.
        </p>
      ) : null}
    </section>
  );
}
