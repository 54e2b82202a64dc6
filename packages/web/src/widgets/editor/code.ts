import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  completionKeymap,
  completionStatus,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import {
  bracketMatching,
  HighlightStyle,
  indentUnit,
  StreamLanguage,
  syntaxHighlighting,
} from "@codemirror/language";
import {
  Annotation,
  Compartment,
  EditorState,
  Prec,
  type Range,
  StateEffect,
  StateField,
} from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  keymap,
  lineNumbers,
  placeholder,
  WidgetType,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { EditorProps, Mistake } from "./editor.js";
import { go3s, script } from "./probe-tokens.js";
import { promql, sql } from "./tokens.js";

// The part of the editor that needs CodeMirror; loaded when the first editor shows.

/** Code is a drawn editor; close() takes it down. */
export interface Code {
  set(text: string): void;
  mark(mistakes: readonly Mistake[]): void;
  /** speak changes the language. */
  speak(language: EditorProps["language"]): void;
  show(at: number): void;
  focus(): void;
  close(): void;
}

const languages = {
  promql: StreamLanguage.define(promql),
  sql: StreamLanguage.define(sql),
  go3s: StreamLanguage.define(go3s),
  script: StreamLanguage.define(script),
};

const colours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: tags.keyword, color: "var(--accent)" },
    { tag: tags.string, color: "var(--ok)" },
    { tag: [tags.number, tags.atom], color: "var(--warn)" },
    { tag: tags.comment, color: "var(--text-dim)", fontStyle: "italic" },
    { tag: tags.function(tags.variableName), fontWeight: "600" },
    { tag: tags.propertyName, color: "var(--accent)", fontWeight: "600" },
    { tag: tags.operator, color: "var(--text-dim)" },
  ]),
);

const look = EditorView.theme({
  "&": { backgroundColor: "transparent", color: "var(--text)", fontSize: "13px", maxHeight: "50vh" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", overflow: "auto" },
  ".cm-content": { padding: "6px 0", caretColor: "var(--text)" },
  ".cm-line": { padding: "0 10px" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-placeholder": { color: "var(--text-dim)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "var(--accent-soft)",
  },
  "&.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--accent-soft)",
    outline: "1px solid var(--accent)",
  },
  ".cm-mistake": {
    textDecoration: "underline wavy var(--bad)",
    textUnderlineOffset: "3px",
    backgroundColor: "var(--bad-soft)",
  },
  ".cm-mistake.mild": { textDecorationColor: "var(--warn)", backgroundColor: "var(--warn-soft)" },
  ".cm-said": {
    padding: "1px 10px 3px 12px",
    font: "12px var(--sans)",
    color: "var(--bad)",
    backgroundColor: "var(--bad-soft)",
    borderLeft: "2px solid var(--bad)",
    whiteSpace: "pre-wrap",
  },
  ".cm-said.mild": {
    color: "var(--warn)",
    backgroundColor: "var(--warn-soft)",
    borderLeftColor: "var(--warn)",
  },
  ".cm-gutters": {
    backgroundColor: "transparent",
    border: "0",
    color: "var(--text-dim)",
    fontSize: "12px",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--bg-raised)",
    border: "1px solid var(--line-strong)",
    borderRadius: "4px",
    color: "var(--text)",
    boxShadow: "var(--shadow)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {
    fontFamily: "var(--mono)",
    fontSize: "12px",
    maxHeight: "260px",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "2px 8px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--accent-soft)",
    color: "var(--text)",
  },
  ".cm-completionDetail": { color: "var(--text-dim)", fontStyle: "normal", marginLeft: "12px" },
  ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent)" },
  ".cm-tooltip.cm-completionInfo": { padding: "6px 8px", maxWidth: "320px", font: "12px var(--sans)" },
});

/** fromPage marks a change that the page made, which it need not be told of. */
const fromPage = Annotation.define<boolean>();
const setMistakes = StateEffect.define<readonly Mistake[]>();

/** Said is the line below a mistake. */
class Said extends WidgetType {
  readonly #mistake: Mistake;

  constructor(mistake: Mistake) {
    super();
    this.#mistake = mistake;
  }

  override eq(other: Said): boolean {
    return other.#mistake.said === this.#mistake.said && other.#mistake.mild === this.#mistake.mild;
  }

  override toDOM(): HTMLElement {
    const element = document.createElement("div");
    element.className = `cm-said${this.#mistake.mild === true ? " mild" : ""}`;
    element.textContent = this.#mistake.said ?? "";
    return element;
  }
}

function decorationsOf(mistakes: readonly Mistake[], state: EditorState): DecorationSet {
  const size = state.doc.length;
  const all: Range<Decoration>[] = [];
  for (const mistake of mistakes) {
    const from = Math.min(mistake.from, Math.max(0, size - 1));
    const to = Math.min(Math.max(mistake.to, from + 1), size);
    const name = `cm-mistake${mistake.mild === true ? " mild" : ""}`;
    if (to > from) all.push(Decoration.mark({ class: name }).range(from, to));
    if (mistake.said === undefined) continue;
    const below = Decoration.widget({ widget: new Said(mistake), block: true, side: 1 });
    all.push(below.range(state.doc.lineAt(Math.min(mistake.from, size)).to));
  }
  return Decoration.set(all, true);
}

const mistakes = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, change) {
    // A mark goes with its text until the next answer: a line that appears and goes with every key is not read.
    let next = marks.map(change.changes);
    for (const effect of change.effects)
      if (effect.is(setMistakes)) next = decorationsOf(effect.value, change.state);
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/**
 * Text typed over a selection is put in here: left to itself, Chromium gives it the replaced text's look by a style attribute,
 * which the page's policy forbids and the console then tells of. Brackets and quotes go on to what closes them.
 */
function replaceTyped(event: InputEvent, view: EditorView): boolean {
  const { from, to } = view.state.selection.main;
  if (event.inputType !== "insertText" || event.data === null || view.composing || from === to) return false;
  if (/^[([{'"`]$/.test(event.data)) return false;
  event.preventDefault();
  const end = from + event.data.length;
  view.dispatch({
    changes: { from, to, insert: event.data },
    selection: { anchor: end },
    userEvent: "input.type",
  });
  return true;
}

/** leave takes the focus out of the editor; a list of completions takes Escape first. */
function leave(view: EditorView): boolean {
  if (completionStatus(view.state) !== null) return false;
  view.contentDOM.blur();
  return true;
}

/**
 * drawCode puts an editor into an element. It stands in a shadow tree, since there CodeMirror's styles are constructed sheets,
 * which the page's `style-src 'self'` allows; in the document they would be inline style elements, which it does not.
 */
export function drawCode(element: HTMLElement, props: EditorProps, latest: () => EditorProps): Code {
  const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  const run = () => {
    latest().onRun();
    return true;
  };
  const keys = [
    { key: "Mod-Enter", run },
    ...(props.enterRuns === true
      ? [{ key: "Enter", run: (view: EditorView) => acceptCompletion(view) || run() }]
      : []),
    { key: "Tab", run: acceptCompletion },
    // Escape leaves the editor by keyboard where Tab indents.
    ...(props.lines === true ? [indentWithTab, { key: "Escape", run: leave }] : []),
  ];
  const spoken = new Compartment();
  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: props.value,
      extensions: [
        Prec.highest(keymap.of(keys)),
        keymap.of([...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        history(),
        drawSelection(),
        closeBrackets(),
        bracketMatching(),
        spoken.of(languages[props.language]),
        ...(props.lines === true ? [lineNumbers(), indentUnit.of("\t")] : []),
        colours,
        look,
        mistakes,
        EditorView.lineWrapping,
        EditorView.domEventHandlers({ beforeinput: replaceTyped }),
        placeholder(props.placeholder ?? ""),
        EditorView.contentAttributes.of({
          "aria-label": props.label,
          spellcheck: "false",
          autocapitalize: "off",
        }),
        EditorView.updateListener.of((update) => {
          const told = update.transactions.some((change) => change.annotation(fromPage) === true);
          if (update.docChanged && !told) latest().onChange(update.state.doc.toString());
        }),
        autocompletion({
          icons: false,
          maxRenderedOptions: 200,
          override: [
            async (context) => {
              const found = await latest().complete(
                context.state.doc.toString(),
                context.pos,
                context.explicit,
              );
              if (found === undefined) return null;
              return {
                from: found.from,
                validFor: found.stays ?? /^[\w:.]*$/,
                options: found.options.map((option) => ({ ...option, type: "text" })),
              };
            },
          ],
        }),
      ],
    }),
  });
  return {
    set(text) {
      if (text === view.state.doc.toString()) return;
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: text },
        annotations: fromPage.of(true),
      });
    },
    mark: (all) => view.dispatch({ effects: setMistakes.of(all) }),
    speak: (language) => view.dispatch({ effects: spoken.reconfigure(languages[language]) }),
    show(at) {
      const anchor = Math.min(at, view.state.doc.length);
      view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
      view.focus();
    },
    focus: () => view.focus(),
    close() {
      view.destroy();
    },
  };
}
