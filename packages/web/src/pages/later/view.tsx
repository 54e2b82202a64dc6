import type { JSX } from "preact";
import { address, linkTo } from "../../base/address.js";

interface Instead {
  readonly missing: string;
  readonly path: string;
  readonly link: string;
  readonly params?: Readonly<Record<string, string>>;
}

const instead: Readonly<Record<string, Instead>> = {
  "/alerts": { missing: "There are no alert rules yet.", path: "/", link: "See what is different now" },
};

/** View says what is not there and which page helps now. */
export function View(): JSX.Element {
  const row = instead[address.value.path] ?? {
    missing: "This page is not there yet.",
    path: "/",
    link: "Overview",
  };
  return (
    <div class="note">
      <h1>{row.missing}</h1>
      <p>
        <a class="button primary" href={linkTo(row.path, row.params ?? {})}>
          {row.link}
        </a>
      </p>
    </div>
  );
}
