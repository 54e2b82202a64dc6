import type { LucideIcon } from "lucide-preact";
import type { ComponentType } from "preact";

/** Page is what a page registers: its address, its place in the rail, its key after `g`, and how its code is loaded. */
export interface Page {
  readonly id: string;
  /** path is a plain path, or one with a last part in braces: `/traces/{id}`. */
  readonly path: string;
  readonly title: string;
  /** rail: shown in the navigation with this icon, opened by `g` and this key. */
  readonly rail?: { readonly icon: LucideIcon; readonly key: string };
  /** filter: the signal whose filter language the bar at the top speaks on this page. */
  readonly filter?: "traces" | "logs";
  /** fill: the page scrolls inside itself. */
  readonly fill?: boolean;
  /** range: false on pages that the time range means nothing to. */
  readonly range?: boolean;
  readonly load: () => Promise<{ readonly View: ComponentType<PageProps> }>;
}

/** PageProps of every page: the last part of its address, "" when it has none. */
export interface PageProps {
  readonly part: string;
}

/** Route is the page of an address. */
export interface Route {
  readonly page: Page;
  readonly part: string;
}

/** routeOf finds the page of a path; a trailing slash does not matter. */
export function routeOf(pages: readonly Page[], path: string): Route | undefined {
  const plain = path.length > 1 ? path.replace(/\/+$/, "") : path;
  for (const page of pages) {
    if (page.path === plain) return { page, part: "" };
    const brace = page.path.indexOf("{");
    if (brace < 0) continue;
    const start = page.path.slice(0, brace);
    if (!plain.startsWith(start)) continue;
    const part = decoded(plain.slice(start.length));
    if (part !== undefined && part !== "") return { page, part };
  }
  return undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
