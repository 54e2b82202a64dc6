import type { ProbeExample } from "@go3s/server";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

const groups: readonly (readonly [ProbeExample["group"], string])[] = [
  ["one-liner", "To begin with"],
  ["cookbook", "Cookbook"],
  ["agent", "What the agent runs"],
];

/** Gallery lists the programs to begin with; the one in the editor is marked. */
export function Gallery({
  examples,
  chosen,
  onPick,
}: {
  examples: readonly ProbeExample[];
  chosen: string;
  onPick: (example: ProbeExample) => void;
}): JSX.Element {
  const [typed, setTyped] = useState("");
  const wanted = typed.trim().toLowerCase();
  const found = examples.filter(({ title, about, text }) =>
    wanted === "" ? true : `${title}\n${about}\n${text}`.toLowerCase().includes(wanted),
  );
  return (
    <nav class="gallery" aria-label="Gallery of probes">
      <input
        class="input"
        type="search"
        aria-label="Find a probe"
        placeholder="Find: file, tcp, latency…"
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      {found.length === 0 ? <p class="dim pad">No probe has that in it.</p> : null}
      {groups.map(([group, title]) => {
        const own = found.filter((each) => each.group === group);
        if (own.length === 0) return null;
        return (
          <section key={group}>
            <h2>{title}</h2>
            <ul>
              {own.map((each) => (
                <li key={each.id}>
                  <button
                    type="button"
                    class="probe-choice"
                    aria-current={each.id === chosen}
                    onClick={() => onPick(each)}
                  >
                    <strong>{each.title}</strong>
                    <span class="dim">{each.about}</span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </nav>
  );
}
