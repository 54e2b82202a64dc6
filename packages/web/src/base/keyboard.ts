import { signal } from "@preact/signals";

// Keys are data: what the palette lists, what `?` shows and what the listener runs are the same rows.

/** Action is something the reader can do: by its keys, or from the palette by its title. */
export interface Action {
  readonly id: string;
  readonly title: string;
  readonly section:
    | "Go to"
    | "View"
    | "Time"
    | "List"
    | "Trace"
    | "SQL"
    | "Live"
    | "Metrics"
    | "Profiles"
    | "Probes";
  /** keys is a stroke (`/`, `Ctrl+K`, `Escape`) or two in a row (`g t`); absent for the palette alone. */
  readonly keys?: string;
  /** typing: true lets the keys work while a text field has the focus. */
  readonly typing?: boolean;
  readonly run: () => void;
}

const layers: { readonly actions: readonly Action[] }[] = [];

/** actionsChanged counts registrations, so that the palette redraws. */
export const actionsChanged = signal(0);

/** register adds actions; the newest registration wins a key. The answer takes them away again. */
export function register(actions: readonly Action[]): () => void {
  const layer = { actions };
  layers.unshift(layer);
  actionsChanged.value++;
  return () => {
    const at = layers.indexOf(layer);
    if (at >= 0) layers.splice(at, 1);
    actionsChanged.value++;
  };
}

/** allActions lists what can be done now, each id once, newest registration first. */
export function allActions(): readonly Action[] {
  const seen = new Set<string>();
  const list: Action[] = [];
  for (const layer of layers) {
    for (const action of layer.actions) {
      if (seen.has(action.id)) continue;
      seen.add(action.id);
      list.push(action);
    }
  }
  return list;
}

/** Stroke is the part of a keyboard event that names a key. */
export interface Stroke {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** strokeName names a stroke as actions spell it; Shift is already in the key (`?`), Cmd counts as Ctrl. */
export function strokeName(stroke: Stroke): string {
  const key = stroke.key === " " ? "Space" : stroke.key;
  const letter = stroke.ctrlKey || stroke.metaKey ? key.toUpperCase() : key;
  return `${stroke.ctrlKey || stroke.metaKey ? "Ctrl+" : ""}${stroke.altKey ? "Alt+" : ""}${key.length === 1 ? letter : key}`;
}

/** Outcome of a stroke: an action to run, a first half that waits for its second, or nothing. */
export type Outcome = { readonly action: Action } | { readonly pending: string } | undefined;

/** match finds what a stroke means after a first half (`g`, or "" for none). */
export function match(actions: readonly Action[], pending: string, name: string, typing: boolean): Outcome {
  const wanted = pending === "" ? name : `${pending} ${name}`;
  for (const action of actions) {
    if (action.keys === wanted && (!typing || action.typing === true)) return { action };
  }
  if (pending === "" && !typing && actions.some((action) => action.keys?.startsWith(`${name} `)))
    return { pending: name };
  return undefined;
}

/** pendingKey is the first half of a two-stroke key while the page waits for the second. */
export const pendingKey = signal("");

const halfMs = 1200;

// The target of an event that leaves a shadow tree (the editor's) is the tree's host; where it began is first in its path.
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** startKeyboard listens for the whole page; called once by main. */
export function startKeyboard(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  window.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const name = strokeName(event);
    if (name === "Shift" || name === "Control" || name === "Meta" || name === "Alt") return;
    const outcome = match(allActions(), pendingKey.value, name, isTyping(event.composedPath()[0] ?? null));
    clearTimeout(timer);
    pendingKey.value = "";
    if (outcome === undefined) return;
    event.preventDefault();
    if ("action" in outcome) {
      outcome.action.run();
      return;
    }
    pendingKey.value = outcome.pending;
    timer = setTimeout(() => {
      pendingKey.value = "";
    }, halfMs);
  });
}
