import { computed, signal } from "@preact/signals";
import { defaultRange, type Range } from "./range.js";

// The address is the page's state: path, range, filter, selection, sort. This is its only home.

/** Address is a path of the page and its parameters, in order. */
export interface Address {
  readonly path: string;
  readonly params: ReadonlyMap<string, string>;
}

/** Change is a set of parameters: undefined or "" takes one away. */
export type Change = Readonly<Record<string, string | undefined>>;

/** parseAddress reads `location`'s parts. A parameter that comes twice counts once, the last. */
export function parseAddress(path: string, search: string): Address {
  return { path: path === "" ? "/" : path, params: new Map(new URLSearchParams(search)) };
}

/** hrefOf prints an address; `q` and ranges stay readable. */
export function hrefOf(path: string, params: ReadonlyMap<string, string>): string {
  const parts: string[] = [];
  for (const [name, value] of params) {
    if (value !== "") parts.push(`${encodeURIComponent(name)}=${readable(value)}`);
  }
  return parts.length === 0 ? path : `${path}?${parts.join("&")}`;
}

// Characters a query string may carry as they are (RFC 3986 section 3.4) and that a filter is full of.
const readable = (value: string): string =>
  encodeURIComponent(value)
    .replace(/%(3A|2F|40|2C|24)/g, (code) => decodeURIComponent(code))
    .replaceAll("%20", "+");

/** changed applies a change to parameters. */
export function changed(params: ReadonlyMap<string, string>, change: Change): ReadonlyMap<string, string> {
  const next = new Map(params);
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined || value === "") next.delete(name);
    else next.set(name, value);
  }
  return next;
}

const inBrowser = typeof window !== "undefined";

/** address is where the page is. */
export const address = signal<Address>(
  inBrowser ? parseAddress(location.pathname, location.search) : { path: "/", params: new Map() },
);

/** param reads one parameter of the address. */
export const param = (name: string): string => address.value.params.get(name) ?? "";

/** range is the time range of the address, the same for all pages. */
export const range = computed<Range>(() => ({
  from: param("from") || defaultRange.from,
  to: param("to") || defaultRange.to,
}));

/** go opens an address and remembers the one it came from. */
export function go(href: string): void {
  history.pushState(null, "", href);
  read();
  // A new page starts at its top and tells readers so; the frame moves the focus.
}

/** setParams changes the address in place. What the reader did gets a step in the history; typing and dragging replace. */
export function setParams(change: Change, how: "push" | "replace" = "push"): void {
  const href = hrefOf(address.peek().path, changed(address.peek().params, change));
  if (href === location.pathname + location.search) return;
  if (how === "push") history.pushState(null, "", href);
  else history.replaceState(null, "", href);
  read();
}

/** setRange changes the time range of the page. */
export function setRange(next: Range): void {
  const plain = next.from === defaultRange.from && next.to === defaultRange.to;
  setParams({ from: plain ? undefined : next.from, to: plain || next.to === "now" ? undefined : next.to });
}

/** kept are the parameters a link to another page carries along: range, and nothing of the page it leaves. */
const kept = ["from", "to"] as const;

/** linkTo prints an address of another page with the range of this one; `change` adds what that page needs. */
export function linkTo(path: string, change: Change = {}): string {
  const params = new Map<string, string>();
  for (const name of kept) {
    const value = address.value.params.get(name);
    if (value !== undefined) params.set(name, value);
  }
  return hrefOf(path, changed(params, change));
}

function read(): void {
  address.value = parseAddress(location.pathname, location.search);
}

/** startAddress follows back and forward, and turns clicks on links of this page into steps without a reload. */
export function startAddress(): void {
  window.addEventListener("popstate", read);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (
      link === null ||
      link.target !== "" ||
      link.origin !== location.origin ||
      link.hasAttribute("download")
    )
      return;
    if (link.pathname.startsWith("/api/") || link.hasAttribute("data-reload")) return;
    event.preventDefault();
    if (link.hash !== "" && link.pathname === location.pathname) return;
    go(link.pathname + link.search);
  });
}
