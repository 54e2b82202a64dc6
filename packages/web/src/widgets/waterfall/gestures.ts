import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { rowHeight, type Scene, type View } from "./draw.js";
import { type Lines, placeOf } from "./lines.js";
import { moved, zoomed } from "./view.js";

// What hand and wheel do to a waterfall, and how it follows a chosen row.

/** Size of the canvas in CSS pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** useReveal scrolls a row that was chosen into view, in the middle when it was far away. */
export function useReveal(
  box: { readonly current: HTMLDivElement | null },
  lines: Lines,
  chosen: number,
  height: number,
): void {
  useLayoutEffect(() => {
    const element = box.current;
    const place = placeOf(lines, chosen);
    if (element === null || place < 0 || height === 0) return;
    const y = place * rowHeight;
    if (y >= element.scrollTop && y + rowHeight <= element.scrollTop + height) return;
    const near = Math.abs(y - element.scrollTop) < height * 1.5;
    if (!near) element.scrollTop = y - height / 2;
    else element.scrollTop = y < element.scrollTop ? y : y + rowHeight - height;
  }, [chosen, height > 0]);
}

/** useMirrorPace paints with every scroll, but lets the tree for readers follow only when the scrolling rests. */
export function useMirrorPace(
  box: { readonly current: HTMLDivElement | null },
  setTop: (top: number) => void,
  paint: () => void,
): void {
  const painter = useRef(paint);
  painter.current = paint;
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onScroll = () => {
      painter.current();
      clearTimeout(timer);
      timer = setTimeout(() => setTop(element.scrollTop), 120);
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      clearTimeout(timer);
      element.removeEventListener("scroll", onScroll);
    };
  }, []);
}

/** TimeArea is a drawing of a part of the trace: `left` is where it begins in its box. */
export interface TimeArea {
  readonly view: View;
  readonly left: number;
  readonly duration: number;
}

/** useTimeWheel zooms about the pointer with Ctrl and the wheel, and moves sideways with a sideways wheel. */
export function useTimeWheel(
  box: { readonly current: HTMLDivElement | null },
  area: { readonly current: TimeArea },
  onView: (view: View) => void,
): void {
  const tell = useRef(onView);
  tell.current = onView;
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const onWheel = (event: WheelEvent) => {
      const { view, left, duration } = area.current;
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
      if (!event.ctrlKey && !sideways) return;
      event.preventDefault();
      const width = element.clientWidth - left;
      if (event.ctrlKey) {
        const share = (event.clientX - element.getBoundingClientRect().left - left) / width;
        tell.current(zoomed(view, Math.min(1, Math.max(0, share)), Math.exp(event.deltaY / 300), duration));
      } else {
        const move = ((event.deltaX || event.deltaY) / width) * (view.to - view.from);
        tell.current(moved(view, move, duration));
      }
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, []);
}

/** useTimeDrag turns a drag across the timeline into a part of the trace to show. */
export function useTimeDrag(
  scene: { readonly current: Scene | undefined },
  size: Size,
  onView: (view: View) => void,
): {
  readonly element: { current: HTMLDivElement | null };
  start: (x: number, event: PointerEvent) => void;
  move: (x: number) => boolean;
  end: (x: number) => void;
  dragged: () => boolean;
} {
  const element = useRef<HTMLDivElement>(null);
  const from = useRef<number | undefined>(undefined);
  const wide = useRef(false);
  const nsAt = (x: number): number => {
    const now = scene.current;
    if (now === undefined) return 0;
    const room = Math.max(1, size.width - now.nameWidth);
    const share = Math.min(1, Math.max(0, (x - now.nameWidth) / room));
    return now.view.from + share * (now.view.to - now.view.from);
  };
  const show = (a: number, b: number) => {
    const mark = element.current;
    if (mark === null) return;
    mark.style.display = "block";
    mark.style.left = `${Math.min(a, b)}px`;
    mark.style.width = `${Math.abs(a - b)}px`;
  };
  const hide = () => {
    if (element.current !== null) element.current.style.display = "none";
  };
  return {
    element,
    start(x) {
      from.current = x;
      wide.current = false;
    },
    move(x) {
      if (from.current === undefined) return false;
      if (Math.abs(x - from.current) > 5) wide.current = true;
      if (wide.current) show(from.current, x);
      return wide.current;
    },
    end(x) {
      if (from.current !== undefined && wide.current) {
        const a = nsAt(from.current);
        const b = nsAt(x);
        if (Math.abs(a - b) > 0) onView({ from: Math.min(a, b), to: Math.max(a, b) });
      }
      from.current = undefined;
      hide();
    },
    dragged: () => wide.current,
  };
}
