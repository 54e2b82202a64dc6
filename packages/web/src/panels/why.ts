import { hrefOf, range } from "../base/address.js";
import { fixed } from "../base/range.js";
import { keep, stored } from "../base/settings.js";

// Questions to the diagnosis: a link that asks one, and those that were asked in this browser.

/** Why is a question: what of which service, since when. Times are pinned, so that the answer stays the same. */
export interface Why {
  readonly service: string;
  readonly operation?: string;
  readonly figure?: "latency" | "errors" | "traffic" | undefined;
  readonly since_ms?: number;
}

/** whyHref is the address of a question over the range of the page as it is now. */
export function whyHref({ service, operation, figure, since_ms }: Why): string {
  const { from, to } = fixed(range.value);
  return hrefOf(
    "/diagnosis",
    new Map([
      ["service", service],
      ["operation", operation ?? ""],
      ["figure", figure ?? ""],
      ["since", since_ms === undefined ? "" : String(Math.round(since_ms))],
      ["from", from],
      ["to", to],
    ]),
  );
}

/** Asked is a question that was asked, by its address, and what was answered. */
export interface Asked {
  readonly href: string;
  readonly service: string;
  readonly at_ms: number;
  readonly said: string;
}

const key = "go3s.diagnosis";
const most = 30;

function isAsked(entry: unknown): entry is Asked {
  return (
    typeof entry === "object" &&
    entry !== null &&
    "href" in entry &&
    typeof entry.href === "string" &&
    entry.href.startsWith("/diagnosis?") &&
    "service" in entry &&
    typeof entry.service === "string" &&
    "at_ms" in entry &&
    typeof entry.at_ms === "number" &&
    "said" in entry &&
    typeof entry.said === "string"
  );
}

/** askedBefore lists questions, newest first. */
export function askedBefore(): readonly Asked[] {
  try {
    const list: unknown = JSON.parse(stored(key) ?? "[]");
    return Array.isArray(list) ? list.filter(isAsked) : [];
  } catch {
    return [];
  }
}

/** rememberAsked puts a question first. */
export function rememberAsked(asked: Asked): void {
  const others = askedBefore().filter((entry) => entry.href !== asked.href);
  keep(key, JSON.stringify([asked, ...others].slice(0, most)));
}
