import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Action, actionsChanged, allActions, register } from "../base/keyboard.js";

/** ranked orders actions for a search: every typed letter must come in order; a start of a word counts most. */
export function ranked(actions: readonly Action[], typed: string): readonly Action[] {
  const wanted = typed.toLowerCase().replaceAll(" ", "");
  if (wanted === "") return actions;
  const scored: { action: Action; score: number }[] = [];
  for (const action of actions) {
    const score = scoreOf(`${action.title} ${action.section}`.toLowerCase(), wanted);
    if (score > 0) scored.push({ action, score });
  }
  return scored.sort((a, b) => b.score - a.score).map((row) => row.action);
}

function scoreOf(text: string, wanted: string): number {
  if (text.replaceAll(" ", "").startsWith(wanted)) return 1000;
  let score = 1;
  let at = -1;
  for (const letter of wanted) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return 0;
    if (next === at + 1) score += 4;
    if (next === 0 || text[next - 1] === " ") score += 6;
    at = next;
  }
  return score - text.length / 100;
}

/** Palette lists everything that can be done now; typing narrows it, arrows walk, Enter runs. */
export function Palette({ onClose, extra }: { onClose: () => void; extra: readonly Action[] }): JSX.Element {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  void actionsChanged.value;
  const before = useRef<Element | null>(document.activeElement);
  // Before the next key arrives, not after the next frame: what is typed at once must land here.
  useLayoutEffect(() => {
    input.current?.focus();
    return () => {
      if (before.current instanceof HTMLElement) before.current.focus();
    };
  }, []);
  const found = ranked(
    [...extra, ...allActions()].filter((action) => action.id !== "palette"),
    typed,
  ).slice(0, 60);
  const chosen = Math.min(at, Math.max(0, found.length - 1));
  const run = (action: Action | undefined) => {
    onClose();
    // The palette gives the focus back first; an action may move it.
    if (action !== undefined) setTimeout(action.run, 0);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") onClose();
    else if (event.key === "ArrowDown") setAt(Math.min(found.length - 1, chosen + 1));
    else if (event.key === "ArrowUp") setAt(Math.max(0, chosen - 1));
    else if (event.key === "Enter") run(found[chosen]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  return (
    <Veil label="Commands" onClose={onClose}>
      <input
        ref={input}
        type="text"
        placeholder="Do or open…"
        aria-label="Do or open"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={`palette-${chosen}`}
        value={typed}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKey}
      />
      <div class="list" id="palette-list" role="listbox" aria-label="Commands" ref={list}>
        {found.length === 0 ? <p class="said dim">Nothing is called that. Esc closes.</p> : null}
        {found.map((action, index) => (
          <button
            key={action.id}
            id={`palette-${index}`}
            type="button"
            class="choice"
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            onClick={() => run(action)}
          >
            <span class="grow cut">{action.title}</span>
            <span class="dim">{action.section}</span>
            {action.keys === undefined ? null : <Keys of={action.keys} />}
          </button>
        ))}
      </div>
    </Veil>
  );
}

/** Keys draws a key or a row of keys. */
export const Keys = ({ of }: { of: string }): JSX.Element => (
  <span>
    {of.split(" ").map((key) => (
      <kbd key={key}>{key === "Escape" ? "Esc" : key}</kbd>
    ))}
  </span>
);

/** Help shows every key that works now, by section. */
export function Help({ onClose }: { onClose: () => void }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  useLayoutEffect(() => {
    box.current?.focus();
    const run = () => close.current();
    return register([
      { id: "help-close", title: "Close this list", section: "View", keys: "Escape", run },
      { id: "help", title: "All keys", section: "View", keys: "?", run },
    ]);
  }, []);
  const sections = new Map<string, Action[]>();
  for (const action of allActions()) {
    if (action.keys === undefined) continue;
    const list = sections.get(action.section) ?? [];
    list.push(action);
    sections.set(action.section, list);
  }
  return (
    <Veil label="Keys" onClose={onClose}>
      <div class="help" ref={box} tabIndex={-1}>
        {[...sections].map(([section, actions]) => (
          <section key={section}>
            <h3>{section}</h3>
            <ul>
              {actions.map((action) => (
                <li key={action.id}>
                  <span>{action.title}</span>
                  <Keys of={action.keys ?? ""} />
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Veil>
  );
}

function Veil({
  label,
  onClose,
  children,
}: {
  label: string;
  onClose: () => void;
  children: JSX.Element | JSX.Element[];
}): JSX.Element {
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a click beside the dialog closes it; Esc does the same by keyboard
    <div
      class="veil"
      role="presentation"
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div class="float" role="dialog" aria-modal="true" aria-label={label}>
        {children}
      </div>
    </div>
  );
}
