import { Menu, Monitor, Moon, PanelLeft, Search, Sun } from "lucide-preact";
import type { ComponentType, JSX } from "preact";
import { useEffect, useErrorBoundary, useRef, useState } from "preact/hooks";
import { address, go, hrefOf, linkTo, param, range, setParams } from "../base/address.js";
import { busy } from "../base/answers.js";
import type { Action } from "../base/keyboard.js";
import { type Page, type PageProps, type Route, routeOf } from "../base/page.js";
import { isLive } from "../base/range.js";
import { setSettings, settings, type Theme, themeShown } from "../base/settings.js";
import { link, live } from "../base/stream.js";
import { useActions } from "../base/use-actions.js";
import { FilterBar } from "../widgets/filter-bar.js";
import { Help, Palette } from "../widgets/palette.js";
import { RangePicker } from "../widgets/range-picker.js";
import { StatusBar } from "../widgets/status-bar.js";
import { Tour, TourOffer } from "./tour.js";

/** Frame is what every page stands in: rail, filter and range, page, state of the system. */
export function Frame({ pages }: { pages: readonly Page[] }): JSX.Element {
  const route = routeOf(pages, address.value.path);
  const [shown, setShown] = useState<"" | "palette" | "help" | "rail">("");
  const main = useRef<HTMLElement>(null);
  const path = address.value.path;

  useActions([...goActions(pages), ...viewActions(setShown)]);
  useEffect(() => {
    document.title = route === undefined ? "Go3s" : `${route.part || route.page.title} · Go3s`;
    setShown((now) => (now === "rail" ? "" : now));
    if (main.current !== null) main.current.scrollTop = 0;
  }, [path]);

  return (
    <div class="app">
      <button type="button" class="button skip" onClick={() => main.current?.focus()}>
        Skip to the page
      </button>
      <Rail pages={pages} route={route} shown={shown === "rail"} />
      <header class="top">
        <button
          type="button"
          class="button bare menu"
          aria-label="Pages"
          onClick={() => setShown(shown === "rail" ? "" : "rail")}
        >
          <Menu class="icon" aria-hidden="true" />
        </button>
        <TopFilter page={route?.page} />
        {route?.page.range === false ? null : <RangePicker />}
        {route?.page.range === false ? null : <LiveButton />}
        <button type="button" class="button bare" onClick={() => setShown("palette")}>
          <Search class="icon" aria-hidden="true" />
          <span class="readers">Commands</span>
          <kbd class="keys">Ctrl K</kbd>
        </button>
      </header>
      <main ref={main} id="page" class={`page${route?.page.fill === true ? " fill" : ""}`} tabIndex={-1}>
        {busy.value > 0 ? <div class="bar" role="presentation" /> : null}
        <TourOffer />
        {route === undefined ? <NoPage path={path} /> : <Loaded key={route.page.id} route={route} />}
      </main>
      <StatusBar />
      <Tour />
      {shown === "palette" ? <Palette extra={[]} onClose={() => setShown("")} /> : null}
      {shown === "help" ? <Help onClose={() => setShown("")} /> : null}
    </div>
  );
}

const goActions = (pages: readonly Page[]): readonly Action[] =>
  pages.flatMap((page) =>
    page.rail === undefined
      ? []
      : [
          {
            id: `go-${page.id}`,
            title: page.title,
            section: "Go to" as const,
            keys: `g ${page.rail.key}`,
            run: () => go(linkTo(page.path)),
          },
        ],
  );

const nextTheme: Record<Theme, Theme> = { system: "dark", dark: "light", light: "system" };

function viewActions(show: (what: "palette" | "help") => void): readonly Action[] {
  return [
    {
      id: "palette",
      title: "Commands",
      section: "View",
      keys: "Ctrl+K",
      typing: true,
      run: () => show("palette"),
    },
    { id: "help", title: "All keys", section: "View", keys: "?", run: () => show("help") },
    {
      id: "filter",
      title: "Filter",
      section: "View",
      keys: "/",
      run: () => document.getElementById("filter")?.focus(),
    },
    {
      id: "theme",
      title: "Switch between dark, light and the system's scheme",
      section: "View",
      run: () => setSettings({ theme: nextTheme[settings.peek().theme] }),
    },
    {
      id: "rail",
      title: "Wide or narrow navigation",
      section: "View",
      run: () => setSettings({ railOpen: !settings.peek().railOpen }),
    },
    {
      id: "live",
      title: "Follow new data, or hold still",
      section: "Live",
      keys: "p",
      run: () => setParams({ live: param("live") === "off" ? undefined : "off" }, "replace"),
    },
    {
      id: "copy-link",
      title: "Copy a link that shows the same data later",
      section: "View",
      run: () => copyFixedLink(),
    },
  ];
}

function copyFixedLink(): void {
  void import("../base/range.js").then(({ fixed }) => {
    const now = fixed(range.peek());
    const params = new Map(address.peek().params).set("from", now.from).set("to", now.to);
    void navigator.clipboard
      ?.writeText(location.origin + hrefOf(address.peek().path, params))
      .catch(() => undefined);
  });
}

function Rail({
  pages,
  route,
  shown,
}: {
  pages: readonly Page[];
  route: Route | undefined;
  shown: boolean;
}): JSX.Element {
  const wide = settings.value.railOpen;
  const theme = settings.value.theme;
  return (
    <nav class={`rail${wide ? "" : " narrow"}${shown ? " shown" : ""}`} aria-label="Pages">
      <a href={linkTo("/")} class="mark" aria-label="Go3s, overview">
        <svg class="icon" viewBox="0 0 32 32" aria-hidden="true">
          <path
            d="M3 9h16M9 16h18M14 23h9"
            stroke="currentColor"
            stroke-width="4"
            stroke-linecap="round"
            fill="none"
          />
        </svg>
        <span class="label">Go3s</span>
      </a>
      {pages.map((page) => {
        if (page.rail === undefined) return null;
        const Icon = page.rail.icon;
        const here =
          route !== undefined && (route.page === page || route.page.path.startsWith(`${page.path}/`));
        return (
          <a
            key={page.id}
            href={linkTo(page.path)}
            aria-current={here ? "page" : undefined}
            title={`${page.title} (g ${page.rail.key})`}
          >
            <Icon class="icon" aria-hidden="true" />
            <span class="label">{page.title}</span>
            <kbd aria-hidden="true">{page.rail.key}</kbd>
          </a>
        );
      })}
      <button
        type="button"
        class="end"
        title={`Theme: ${theme}`}
        onClick={() => setSettings({ theme: nextTheme[settings.peek().theme] })}
      >
        {theme === "system" ? (
          <Monitor class="icon" aria-hidden="true" />
        ) : themeShown.value === "dark" ? (
          <Moon class="icon" aria-hidden="true" />
        ) : (
          <Sun class="icon" aria-hidden="true" />
        )}
        <span class={wide ? "label" : "readers"}>Theme: {theme}</span>
      </button>
      <button type="button" title="Wide or narrow" onClick={() => setSettings({ railOpen: !wide })}>
        <PanelLeft class="icon" aria-hidden="true" />
        <span class={wide ? "label" : "readers"}>{wide ? "Narrow" : "Wide"}</span>
      </button>
    </nav>
  );
}

/** TopFilter is the filter of the page, or on a page without one the way into the trace search. */
function TopFilter({ page }: { page: Page | undefined }): JSX.Element {
  const kind = page?.filter ?? "traces";
  const own = page?.filter !== undefined;
  return (
    <FilterBar
      value={own ? param("q") : ""}
      signal={kind}
      from={range.value.from}
      to={range.value.to}
      placeholder={own ? `Filter ${kind}` : "Search traces"}
      onApply={(text) => {
        if (own) setParams({ q: text, selected: undefined });
        else if (text !== "") go(linkTo("/traces", { q: text }));
      }}
    />
  );
}

function LiveButton(): JSX.Element {
  const on = live.value;
  const able = isLive(range.value);
  const lost = link.value === "lost";
  const title = able
    ? on
      ? "New data shows by itself; p holds it"
      : "Held; p follows again"
    : "The range does not end now";
  return (
    <button
      type="button"
      class={`button bare live${on ? " on" : ""}${lost ? " lost" : ""}`}
      aria-pressed={on}
      disabled={!able}
      title={title}
      onClick={() => setParams({ live: param("live") === "off" ? undefined : "off" }, "replace")}
    >
      <i aria-hidden="true" />
      {lost ? "lost" : on ? "live" : able ? "held" : "past"}
    </button>
  );
}

/** Loaded shows a page when its code is there; a page that throws says so and leaves the frame working. */
function Loaded({ route }: { route: Route }): JSX.Element {
  const [View, setView] = useState<ComponentType<PageProps> | undefined>(undefined);
  const [failed, setFailed] = useState("");
  const [thrown, reset] = useErrorBoundary((error: unknown) => console.error("the page failed", error));
  useEffect(() => {
    let gone = false;
    route.page.load().then(
      (module) => {
        if (!gone) setView(() => module.View);
      },
      (error: unknown) => setFailed(String(error)),
    );
    return () => {
      gone = true;
    };
  }, [route.page]);
  const text = failed || (thrown === undefined ? "" : String(thrown));
  if (text !== "") {
    return (
      <div class="note bad-note" role="alert">
        <strong>This page could not be drawn.</strong>
        <code>{text.slice(0, 400)}</code>
        <span class="row">
          <button type="button" class="button" onClick={reset}>
            Try again
          </button>
          <button type="button" class="button" onClick={() => location.reload()}>
            Reload
          </button>
        </span>
      </div>
    );
  }
  return View === undefined ? <div class="skeleton" /> : <View part={route.part} />;
}

function NoPage({ path }: { path: string }): JSX.Element {
  return (
    <div class="note">
      <h1>There is no page here</h1>
      <p>
        <code>{path.slice(0, 200)}</code> is not an address of Go3s.
      </p>
      <p>
        <a href="/">Overview</a> · <a href="/traces">Traces</a> · <a href="/services">Services</a>
      </p>
    </div>
  );
}
