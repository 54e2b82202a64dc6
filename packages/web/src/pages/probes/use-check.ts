import type { ProbeCheck, ProbeLanguage } from "@go3s/server";
import { useEffect, useState } from "preact/hooks";
import { ApiError, isAbort } from "../../base/api.js";
import { checkProbe } from "./ask.js";

/** Checked is the newest answer about a text; `fresh` while it is about the text as it stands. */
export interface Checked {
  readonly check: ProbeCheck | undefined;
  readonly error: ApiError | undefined;
  readonly fresh: boolean;
}

/** Long enough for the next key to come first, short enough to be there when the eye is. */
const pauseMs = 250;

/** useCheck compiles a text on the server when typing pauses; `on` is false where it is not allowed or makes no sense. */
export function useCheck(language: ProbeLanguage, text: string, on: boolean): Checked {
  const [answer, setAnswer] = useState<{ check?: ProbeCheck; error?: ApiError; of: string }>({ of: "" });
  const of = `${language} ${text}`;
  useEffect(() => {
    if (!on || text.trim() === "") return;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      checkProbe({ language, text }, controller.signal).then(
        (check) => setAnswer({ check, of }),
        (failure: unknown) => {
          if (isAbort(failure) || !(failure instanceof ApiError)) return;
          setAnswer((before) => ({ ...before, error: failure, of }));
        },
      );
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [of, on]);
  const shown = on && text.trim() !== "";
  return {
    check: shown ? answer.check : undefined,
    error: shown ? answer.error : undefined,
    fresh: answer.of === of,
  };
}
