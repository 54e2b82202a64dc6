import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { param, range, setParams } from "../../base/address.js";
import { ApiError, isAbort } from "../../base/api.js";
import { bytesFigure, countFigure, countText, figureText, plural } from "../../base/number.js";
import { resolve } from "../../base/range.js";
import { durationText } from "../../base/time.js";
import { useActions } from "../../base/use-actions.js";
import { remember, type Saved, savedSql, saveSql, sqlHistory } from "../../panels/sql-kept.js";
import { SqlResult } from "../../panels/sql-result.js";
import { downloadSql, type Ran, runSql } from "../../panels/sql-run.js";
import { Editor, type EditorHandle } from "../../widgets/editor/editor.js";
import { Failed } from "../../widgets/region.js";
import { completeSql, schemaOf } from "./completion.js";
import { examples } from "./examples.js";

const first = examples[0]?.sql ?? "SELECT 1";

/** View is the SQL page: an editor, what it cost, the result as table or plot. */
export function View(): JSX.Element {
  const linked = param("sql");
  const [text, setText] = useState(linked || sqlHistory()[0] || first);
  const [ran, setRan] = useState<Ran | undefined>(undefined);
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const [running, setRunning] = useState(false);
  const [said, setSaid] = useState("");
  const controller = useRef<AbortController | undefined>(undefined);
  const asked = useRef("");
  const editor = useRef<EditorHandle>(null);
  const current = useRef(text);
  current.current = text;

  const run = async (sql: string) => {
    controller.current?.abort();
    const own = new AbortController();
    controller.current = own;
    asked.current = sql;
    setRunning(true);
    setError(undefined);
    setSaid("");
    try {
      const show = (next: Ran) => {
        if (controller.current === own) setRan(next);
      };
      show(await runSql(sql, resolve(range.peek()), own.signal, show));
      remember(sql);
    } catch (failure) {
      if (controller.current !== own) return;
      if (isAbort(failure)) setSaid("Cancelled.");
      else if (failure instanceof ApiError) setError(failure);
      else
        setError(
          new ApiError(0, "/api/v1/query", {
            code: "unreadable",
            message: String(failure),
            hint: "Write no FORMAT in the statement; when the answer broke off, the engine met a limit while it ran.",
          }),
        );
    } finally {
      if (controller.current === own) setRunning(false);
    }
  };
  const start = (explain = false) => {
    const own = current.current.trim();
    if (own === "") return;
    const sql = explain && !/^explain\b/i.test(own) ? `EXPLAIN indexes = 1 ${own}` : own;
    if (explain) {
      void run(sql);
      return;
    }
    setParams({ sql });
    void run(sql);
  };
  const download = async (format: "CSVWithNames" | "JSONEachRow") => {
    setSaid("Downloading…");
    setError(undefined);
    try {
      await downloadSql(current.current.trim(), resolve(range.peek()), format, new AbortController().signal);
      setSaid("Downloaded.");
    } catch (failure) {
      setSaid("");
      if (failure instanceof ApiError) setError(failure);
    }
  };
  const cancel = () => controller.current?.abort();

  useEffect(() => {
    if (linked === "") return;
    setText(linked);
    // Running a statement puts it into the address; only an address that came by itself asks for a run.
    if (asked.current !== linked) void run(linked);
  }, [linked]);
  useEffect(() => () => controller.current?.abort(), []);
  useActions([
    {
      id: "sql-run",
      title: "Run the statement",
      section: "SQL",
      keys: "Ctrl+Enter",
      typing: true,
      run: () => start(),
    },
    {
      id: "sql-edit",
      title: "Edit the statement",
      section: "SQL",
      keys: "i",
      run: () => editor.current?.focus(),
    },
    ...(running
      ? [
          {
            id: "sql-cancel",
            title: "Cancel the running statement",
            section: "SQL" as const,
            keys: "Escape",
            typing: true,
            run: cancel,
          },
        ]
      : []),
  ]);

  const place = error?.position;
  const mistake = useMemo(
    () => (place === undefined || asked.current !== text.trim() ? undefined : { from: place, to: place + 1 }),
    [place, text],
  );

  return (
    <>
      <div class="sql">
        <Editor
          handle={editor}
          language="sql"
          label="SQL statement"
          value={text}
          mistake={mistake}
          onChange={setText}
          onRun={start}
          complete={async (all, at, explicit) => completeSql(all, at, explicit, await schemaOf())}
        />
        <div class="row wrap">
          {running ? (
            <button type="button" class="button" onClick={cancel}>
              Cancel <kbd>Esc</kbd>
            </button>
          ) : (
            <button type="button" class="button primary" onClick={() => start()}>
              Run <kbd>Ctrl Enter</kbd>
            </button>
          )}
          <Pick label="History" of={sqlHistory().map((sql) => ({ title: sql, sql }))} onPick={setText} />
          <Pick label="Examples" of={examples} onPick={setText} />
          <Keeping text={text} onPick={setText} />
          <button
            type="button"
            class="button"
            title="What the engine would do, and which parts its indexes leave out"
            onClick={() => start(true)}
          >
            Explain
          </button>
          <button type="button" class="button" onClick={() => void download("CSVWithNames")}>
            CSV
          </button>
          <button type="button" class="button" onClick={() => void download("JSONEachRow")}>
            JSON
          </button>
          <span class="grow" />
          <span class="dim" role="status">
            {running ? (
              ran === undefined || ran.done ? (
                "Running…"
              ) : (
                `${countText(ran.count)} rows so far…`
              )
            ) : said !== "" ? (
              said
            ) : ran === undefined ? (
              <Hint />
            ) : (
              <Cost of={ran} />
            )}
          </span>
        </div>
        {error === undefined ? null : <Failed error={error} />}
      </div>
      {ran === undefined ? null : (
        <div class={`list${running && ran.done ? " stale" : ""}`}>
          <SqlResult ran={ran} as={param("as")} />
        </div>
      )}
    </>
  );
}

const Hint = (): JSX.Element => (
  <span>
    tables <code>traces</code>, <code>logs</code>, <code>metrics</code>; the range is{" "}
    <code>{"{from_ns:Int64}"}</code>, <code>{"{to_ns:Int64}"}</code>
  </span>
);

function Cost({ of }: { of: Ran }): JSX.Element {
  const engine = of.rows.statistics;
  const parts = [plural(of.count, "row"), durationText(of.took_ms * 1e6)];
  if (engine !== undefined) {
    parts.push(
      `${figureText(countFigure(engine.rows_read))} rows and ${figureText(bytesFigure(engine.bytes_read))} read`,
    );
    parts.push(`engine ${durationText(engine.elapsed * 1e9)}`);
  }
  return <span>{parts.join(" · ")}</span>;
}

/** Keeping keeps the statement under a name in this browser, and gives the kept ones. */
function Keeping({ text, onPick }: { text: string; onPick: (sql: string) => void }): JSX.Element {
  const [all, setAll] = useState<readonly Saved[]>(savedSql);
  const [naming, setNaming] = useState<string | undefined>(undefined);
  const same = all.find((entry) => entry.sql === text);
  const save = () => {
    const title = (naming ?? "").trim();
    if (title !== "") saveSql(title, text);
    setAll(savedSql());
    setNaming(undefined);
  };
  if (naming !== undefined) {
    return (
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <input
          class="input"
          aria-label="Name of the statement"
          placeholder="Name"
          value={naming}
          ref={(element) => element?.focus()}
          onInput={(event) => setNaming(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") setNaming(undefined);
          }}
        />
        <button type="submit" class="button">
          Save
        </button>
      </form>
    );
  }
  return (
    <>
      {all.length === 0 ? null : <Pick label="Saved" of={all} onPick={onPick} />}
      {same === undefined ? (
        <button type="button" class="button" disabled={text.trim() === ""} onClick={() => setNaming("")}>
          Save…
        </button>
      ) : (
        <button
          type="button"
          class="button"
          onClick={() => {
            saveSql(same.title, undefined);
            setAll(savedSql());
          }}
        >
          Forget “{same.title.slice(0, 24)}”
        </button>
      )}
    </>
  );
}

function Pick({
  label,
  of,
  onPick,
}: {
  label: string;
  of: readonly { readonly title: string; readonly sql: string }[];
  onPick: (sql: string) => void;
}): JSX.Element {
  return (
    <select
      class="input"
      aria-label={label}
      value=""
      onChange={(event) => {
        const sql = of[Number(event.currentTarget.value)]?.sql;
        if (sql !== undefined) onPick(sql);
        event.currentTarget.value = "";
      }}
    >
      <option value="">{label}…</option>
      {of.map((entry, at) => (
        <option key={entry.sql} value={at}>
          {entry.title.replace(/\s+/g, " ").slice(0, 90)}
        </option>
      ))}
    </select>
  );
}
