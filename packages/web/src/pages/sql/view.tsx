import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { param, range, setParams } from "../../base/address.js";
import { ApiError, isAbort } from "../../base/api.js";
import { bytesFigure, countFigure, figureText, plural } from "../../base/number.js";
import { resolve } from "../../base/range.js";
import { durationText } from "../../base/time.js";
import { useActions } from "../../base/use-actions.js";
import { SqlResult } from "../../panels/sql-result.js";
import { type Ran, remember, runSql, sqlHistory } from "../../panels/sql-run.js";
import { Failed } from "../../widgets/region.js";
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
  const editor = useRef<HTMLTextAreaElement>(null);
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
      setRan(await runSql(sql, resolve(range.peek()), own.signal));
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
            hint: "FORMAT in the statement is not needed here.",
          }),
        );
    } finally {
      if (controller.current === own) setRunning(false);
    }
  };
  const start = () => {
    const sql = current.current.trim();
    if (sql === "") return;
    setParams({ sql });
    void run(sql);
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
      run: start,
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

  return (
    <>
      <div class="sql">
        <textarea
          ref={editor}
          aria-label="SQL statement"
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape" && !running) event.currentTarget.blur();
          }}
        />
        <div class="row wrap">
          {running ? (
            <button type="button" class="button" onClick={cancel}>
              Cancel <kbd>Esc</kbd>
            </button>
          ) : (
            <button type="button" class="button primary" onClick={start}>
              Run <kbd>Ctrl Enter</kbd>
            </button>
          )}
          <Pick label="History" of={sqlHistory().map((sql) => ({ title: sql, sql }))} onPick={setText} />
          <Pick label="Examples" of={examples} onPick={setText} />
          <span class="grow" />
          <span class="dim" role="status">
            {running ? "Running…" : said !== "" ? said : ran === undefined ? <Hint /> : <Cost of={ran} />}
          </span>
        </div>
        {error === undefined ? null : <Failed error={error} />}
        {error?.position === undefined ? null : (
          <Place sql={ran?.sql === text ? text : param("sql")} at={error.position} />
        )}
      </div>
      {ran === undefined ? null : (
        <div class={`list${running ? " stale" : ""}`}>
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
  const engine = of.answer.statistics;
  const parts = [plural(of.answer.rows, "row"), durationText(of.took_ms * 1e6)];
  if (engine !== undefined) {
    parts.push(
      `${figureText(countFigure(engine.rows_read))} rows and ${figureText(bytesFigure(engine.bytes_read))} read`,
    );
    parts.push(`engine ${durationText(engine.elapsed * 1e9)}`);
  }
  return <span>{parts.join(" · ")}</span>;
}

/** Place shows where in the statement the engine stumbled. */
function Place({ sql, at }: { sql: string; at: number }): JSX.Element {
  const start = Math.max(0, sql.lastIndexOf("\n", at - 1) + 1);
  const end = sql.indexOf("\n", at);
  const line = useMemo(() => sql.slice(start, end < 0 ? undefined : end), [sql, start, end]);
  return (
    <pre class="dim">
      {line}
      {"\n"}
      <span class="bad">{`${" ".repeat(Math.max(0, at - start))}^ here`}</span>
    </pre>
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
