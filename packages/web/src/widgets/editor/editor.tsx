import type { JSX, Ref } from "preact";
import { useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Code } from "./code.js";

/** Option is one completion; `apply` is what it writes where that is not its label. */
export interface Option {
  readonly label: string;
  readonly detail?: string;
  readonly info?: string;
  readonly apply?: string;
  readonly boost?: number;
}

/** Completions replace the text from `from` to the cursor; what matches `stays` is filtered without asking again. */
export interface Completions {
  readonly from: number;
  readonly options: readonly Option[];
  readonly stays?: RegExp;
}

/** Mistake is a place in the text, in UTF-16 units; with `said` the line below tells what is wrong there. */
export interface Mistake {
  readonly from: number;
  readonly to: number;
  readonly said?: string;
  readonly mild?: boolean;
}

/** EditorProps of Editor. `onRun` is Ctrl+Enter, and Enter where `enterRuns`; Shift+Enter is a new line then. */
export interface EditorProps {
  readonly value: string;
  readonly language: "promql" | "sql" | "go3s" | "script";
  readonly label: string;
  readonly placeholder?: string;
  readonly enterRuns?: boolean;
  readonly mistake?: Mistake | undefined;
  /** mistakes are several, instead of `mistake`. */
  readonly mistakes?: readonly Mistake[] | undefined;
  /** lines numbers them, and Tab indents. */
  readonly lines?: boolean;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
  readonly complete: (text: string, at: number, explicit: boolean) => Promise<Completions | undefined>;
}

/** EditorHandle lets a page move the focus into its editor. */
export interface EditorHandle {
  focus(): void;
  /** show moves the cursor to a place, and the place into view. */
  show(at: number): void;
}

/** Editor is a text with colours, completion and a marked mistake; until its code is there it is a plain text field. */
export function Editor({ handle, ...props }: EditorProps & { handle?: Ref<EditorHandle> }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plain = useRef<HTMLTextAreaElement>(null);
  const code = useRef<Code | undefined>(undefined);
  const latest = useRef<EditorProps>(props);
  latest.current = props;
  const [drawn, setDrawn] = useState(false);

  useImperativeHandle(handle ?? null, () => ({
    focus: () => (code.current === undefined ? plain.current?.focus() : code.current.focus()),
    show: (at) => code.current?.show(at),
  }));
  useEffect(() => {
    let gone = false;
    void import("./code.js").then((module) => {
      if (gone || box.current === null) return;
      const focused = document.activeElement === plain.current;
      code.current = module.drawCode(box.current, latest.current, () => latest.current);
      code.current.mark(marked(latest.current));
      setDrawn(true);
      if (focused) code.current.focus();
    });
    return () => {
      gone = true;
      code.current?.close();
      code.current = undefined;
    };
  }, []);
  // Before the next key, not after the next paint: a text that is two keys old must not come back into the editor.
  useLayoutEffect(() => code.current?.set(props.value), [props.value]);
  const shown = marked(props);
  const shape = shown.map(({ from, to, said = "" }) => `${from}-${to}-${said}`).join("\n");
  useEffect(() => code.current?.mark(marked(latest.current)), [shape]);
  useEffect(() => code.current?.speak(props.language), [props.language]);
  const isWrong = shown.some(({ mild }) => mild !== true);

  return (
    <div class={`editor${isWrong ? " wrong" : ""} in-${props.language}`}>
      <div ref={box} class="code" hidden={!drawn} />
      {drawn ? null : (
        <textarea
          ref={plain}
          aria-label={props.label}
          spellcheck={false}
          value={props.value}
          onInput={(event) => props.onChange(event.currentTarget.value)}
        />
      )}
    </div>
  );
}

function marked({ mistake, mistakes }: EditorProps): readonly Mistake[] {
  return mistakes ?? (mistake === undefined ? [] : [mistake]);
}
