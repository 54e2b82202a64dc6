import { ChevronDown } from "lucide-preact";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { range, setRange } from "../base/address.js";
import { register } from "../base/keyboard.js";
import { around, fixed, parseMoment, presets, type Range, resolve, shifted } from "../base/range.js";
import { setSettings, zone } from "../base/settings.js";
import { clockText, now } from "../base/time.js";

/** rangeLabel is how a range is told: a preset by its name, another by its ends. */
export function rangeLabel(of: Range): string {
  const preset = presets.find((row) => row.from === of.from && of.to === "now");
  if (preset !== undefined) return preset.label;
  const interval = resolve(of);
  const to = of.to === "now" ? "now" : clockText(interval.to, zone.value, 0);
  return `${clockText(interval.from, zone.value, 0)} – ${to}`;
}

/** RangePicker chooses the time range of the page; [ and ] walk it. */
export function RangePicker(): JSX.Element {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(
    () =>
      register([
        {
          id: "range-back",
          title: "Time range: earlier",
          section: "Time",
          keys: "[",
          run: () => setRange(shifted(range.peek(), -1)),
        },
        {
          id: "range-forth",
          title: "Time range: later",
          section: "Time",
          keys: "]",
          run: () => setRange(shifted(range.peek(), 1)),
        },
        {
          id: "range-out",
          title: "Time range: three times as wide",
          section: "Time",
          keys: "-",
          run: () => setRange(around(resolve(range.peek()))),
        },
        {
          id: "range-pin",
          title: "Time range: pin to the moments it means now",
          section: "Time",
          run: () => setRange(fixed(range.peek())),
        },
        {
          id: "zone",
          title: "Switch times between local and UTC",
          section: "Time",
          keys: "u",
          run: () => setSettings({ zone: zone.peek() === "utc" ? "local" : "utc" }),
        },
        ...presets.map((preset) => ({
          id: `range-${preset.from}`,
          title: `Time range: ${preset.label}`,
          section: "Time" as const,
          run: () => setRange({ from: preset.from, to: "now" }),
        })),
      ]),
    [],
  );
  useEffect(() => {
    if (!open) return;
    const off = register([
      {
        id: "picker-close",
        title: "Close the time range",
        section: "Time",
        keys: "Escape",
        typing: true,
        run: () => setOpen(false),
      },
    ]);
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && box.current?.contains(event.target) !== true) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => {
      off();
      document.removeEventListener("pointerdown", outside);
    };
  }, [open]);
  const choose = (next: Range) => {
    setRange(next);
    setOpen(false);
  };
  return (
    <div class="picker" ref={box}>
      <button
        type="button"
        class="button"
        aria-expanded={open}
        aria-haspopup="dialog"
        onClick={() => setOpen(!open)}
      >
        <span class="readers">Time range: </span>
        {rangeLabel(range.value)}
        {zone.value === "utc" ? <span class="unit">UTC</span> : null}
        <ChevronDown class="icon" aria-hidden="true" />
      </button>
      {open ? (
        <div class="float" role="dialog" aria-label="Time range">
          <div class="presets">
            {presets.map((preset) => (
              <button
                key={preset.from}
                type="button"
                class="choice"
                aria-pressed={range.value.from === preset.from && range.value.to === "now"}
                onClick={() => choose({ from: preset.from, to: "now" })}
              >
                {preset.label}
              </button>
            ))}
          </div>
          <Custom onChoose={choose} />
          <button
            type="button"
            class="choice"
            onClick={() => setSettings({ zone: zone.value === "utc" ? "local" : "utc" })}
          >
            Show times in {zone.value === "utc" ? "local time" : "UTC"} <kbd>u</kbd>
          </button>
        </div>
      ) : null}
    </div>
  );
}

function Custom({ onChoose }: { onChoose: (next: Range) => void }): JSX.Element {
  const [from, setFrom] = useState(range.value.from);
  const [to, setTo] = useState(range.value.to);
  const [wrong, setWrong] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    const a = parseMoment(from.trim(), now());
    const b = parseMoment(to.trim(), now());
    if (a === undefined || b === undefined) {
      setWrong(
        `“${a === undefined ? from : to}” is neither now-2h, nor 2026-11-21T14:00:00Z, nor Unix milliseconds.`,
      );
    } else if (a >= b) setWrong("The range ends before it starts.");
    else onChoose({ from: from.trim(), to: to.trim() });
  };
  return (
    <form onSubmit={submit}>
      <div class="row">
        <input
          class="input grow"
          aria-label="From"
          value={from}
          onInput={(event) => setFrom(event.currentTarget.value)}
        />
        <span class="dim">to</span>
        <input
          class="input grow"
          aria-label="To"
          value={to}
          onInput={(event) => setTo(event.currentTarget.value)}
        />
        <button type="submit" class="button">
          Set
        </button>
      </div>
      {wrong === "" ? null : (
        <p class="bad" role="alert">
          {wrong}
        </p>
      )}
    </form>
  );
}
