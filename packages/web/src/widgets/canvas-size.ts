import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

/** useCanvasSize follows the size of a box in CSS pixels and gives the canvas in it as many as the screen has there. */
export function useCanvasSize(
  box: RefObject<HTMLElement>,
  canvas: RefObject<HTMLCanvasElement>,
): { readonly width: number; readonly height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() =>
      setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    element.width = Math.round(size.width * window.devicePixelRatio);
    element.height = Math.round(size.height * window.devicePixelRatio);
  }, [size]);
  return size;
}
