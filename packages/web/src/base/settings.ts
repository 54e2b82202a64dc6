import { computed, effect, signal } from "@preact/signals";
import type { Zone } from "./time.js";

/** Theme is the reader's choice; "system" follows prefers-color-scheme. */
export type Theme = "system" | "light" | "dark";

/** Density is how close rows stand. */
export type Density = "dense" | "usual" | "roomy";

/** Settings is what the page keeps in localStorage, and nothing else is kept there but the SQL history. */
export interface Settings {
  readonly version: 1;
  readonly theme: Theme;
  readonly zone: Zone;
  readonly railOpen: boolean;
  readonly density: Density;
  /** tour: "done" when it was seen or refused; it is not offered again. */
  readonly tour: "new" | "done";
}

const key = "go3s.settings";
const defaults: Settings = {
  version: 1,
  theme: "system",
  zone: "local",
  railOpen: true,
  density: "usual",
  tour: "new",
};

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** parseSettings takes what an older or newer page may have stored; what it does not know falls back to the default. */
export function parseSettings(text: string | null): Settings {
  if (text === null) return defaults;
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch {
    return defaults;
  }
  if (!isRecord(stored)) return defaults;
  const { theme, density } = stored;
  return {
    version: 1,
    theme: theme === "light" || theme === "dark" ? theme : "system",
    zone: stored["zone"] === "utc" ? "utc" : "local",
    railOpen: stored["railOpen"] !== false,
    density: density === "dense" || density === "roomy" ? density : "usual",
    tour: stored["tour"] === "done" ? "done" : "new",
  };
}

/** stored reads a key of localStorage; a browser that forbids storage answers null. */
export function stored(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** keep writes a key of localStorage; a full or forbidden storage costs the setting, not the page. */
export function keep(name: string, text: string): void {
  try {
    localStorage.setItem(name, text);
  } catch {
    return;
  }
}

const inBrowser = typeof window !== "undefined" && typeof matchMedia === "function";

/** settings is the reader's own choices. */
export const settings = signal<Settings>(parseSettings(inBrowser ? stored(key) : null));

/** setSettings changes some of them and keeps them. */
export function setSettings(change: Partial<Omit<Settings, "version">>): void {
  settings.value = { ...settings.value, ...change };
  keep(key, JSON.stringify(settings.value));
}

/** zone is the zone every time of the page is shown in. */
export const zone = computed(() => settings.value.zone);

/** rowsCloser is how many pixels rows are lower (or, below zero, higher) than usual; tokens.css has the same. */
export const rowsCloser = computed(() => ({ dense: 4, usual: 0, roomy: -6 })[settings.value.density]);

const systemDark = signal(false);

/** themeShown is the theme on the screen now. */
export const themeShown = computed<"light" | "dark">(() => {
  const theme = settings.value.theme;
  if (theme !== "system") return theme;
  return systemDark.value ? "dark" : "light";
});

/** startTheme follows the system's scheme and marks the document; called once by main. */
export function startTheme(): void {
  const query = matchMedia("(prefers-color-scheme: dark)");
  systemDark.value = query.matches;
  query.addEventListener("change", () => {
    systemDark.value = query.matches;
  });
  effect(() => {
    document.documentElement.dataset["theme"] = themeShown.value;
    document.documentElement.dataset["density"] = settings.value.density;
  });
}
