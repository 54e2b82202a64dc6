import { useLayoutEffect, useRef } from "preact/hooks";
import { type Action, register } from "./keyboard.js";

/**
 * useActions offers actions while a component is on the screen. A key always runs what the newest drawing meant: two
 * quick strokes act one after the other, never both on the old state.
 */
export function useActions(actions: readonly Action[]): void {
  const latest = useRef(actions);
  latest.current = actions;
  const shape = actions.map((action) => `${action.id} ${action.keys ?? ""}`).join("\n");
  useLayoutEffect(
    () =>
      register(
        latest.current.map((action) => ({
          ...action,
          run: () => latest.current.find((row) => row.id === action.id)?.run(),
        })),
      ),
    [shape],
  );
}
