import { X } from "lucide-preact";
import type { ComponentChildren, JSX } from "preact";
import { useActions } from "../base/use-actions.js";

/** Drawer opens details beside the list that stays; Esc closes it. The address says that it is open, so the caller owns that. */
export function Drawer({
  title,
  label,
  onClose,
  children,
}: {
  title: ComponentChildren;
  label: string;
  onClose: () => void;
  children: ComponentChildren;
}): JSX.Element {
  useActions([
    {
      id: "drawer-close",
      title: "Close the details",
      section: "View",
      keys: "Escape",
      typing: true,
      run: onClose,
    },
  ]);
  return (
    <aside class="drawer" aria-label={label}>
      <header>
        <div class="grow">{title}</div>
        <button type="button" class="button bare" onClick={onClose} aria-label="Close the details (Esc)">
          <X class="icon" aria-hidden="true" />
        </button>
      </header>
      <div class="body">{children}</div>
    </aside>
  );
}
