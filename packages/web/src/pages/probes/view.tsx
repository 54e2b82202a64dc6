import type { ProbeExample, ProbeLanguage, ProbeMistake, ProbeRun, ProbesAnswer } from "@go3s/server";
import type { JSX } from "preact";
import "../../styles/probes.css";
import { useEffect, useRef, useState } from "preact/hooks";
import { param, setParams } from "../../base/address.js";
import { useAnswer } from "../../base/answers.js";
import { ApiError } from "../../base/api.js";
import { plural } from "../../base/number.js";
import { keep, stored } from "../../base/settings.js";
import { status } from "../../base/stream.js";
import { durationText } from "../../base/time.js";
import { useActions } from "../../base/use-actions.js";
import { Editor, type EditorHandle, type Mistake } from "../../widgets/editor/editor.js";
import { Failed, Region } from "../../widgets/region.js";
import { startProbe, stopProbe } from "./ask.js";
import { Gallery } from "./gallery.js";
import { Results } from "./results.js";
import { endText, Running } from "./running.js";
import { useCheck } from "./use-check.js";
import { useRun, type Watched } from "./use-run.js";
import { Mistakes, Programs } from "./verdict.js";

const listUrl = "/api/v1/probes";
const draftKey = "go3s.probe";
const durations: readonly (readonly [number, string])[] = [
  [5_000, "5 s"],
  [30_000, "30 s"],
  [120_000, "2 min"],
  [600_000, "10 min"],
  [3_600_000, "1 h"],
];

/** View is the probes page: a gallery, an editor that compiles as one types, a run and what it tells. */
export function View(): JSX.Element {
  const answer = useAnswer<ProbesAnswer>(listUrl, false);
  return (
    <Region answer={answer} what="probes">
      {(data) => <Bench data={data} refresh={answer.retry} />}
    </Region>
  );
}

interface Draft {
  readonly id: string;
  readonly title: string;
  readonly language: ProbeLanguage;
  readonly text: string;
}

/** firstDraft is what the address names, else what was written here last, else the gallery's first. */
function firstDraft(examples: readonly ProbeExample[]): Draft {
  const text = param("text");
  if (text !== "") return { id: "", title: "Linked probe", language: languageOf(param("language")), text };
  const named = examples.find(({ id }) => id === param("example"));
  if (named !== undefined) return named;
  try {
    const kept: unknown = JSON.parse(stored(draftKey) ?? "null");
    if (isDraft(kept)) return { ...kept, language: languageOf(kept.language) };
  } catch {
    // What an older page kept there is nothing to this one.
  }
  return examples[0] ?? { id: "", title: "Probe", language: "script", text: "" };
}

const languageOf = (text: string): ProbeLanguage => (text === "go3s" ? "go3s" : "script");

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  const fields: { id?: unknown; title?: unknown; language?: unknown; text?: unknown } = value;
  return [fields.id, fields.title, fields.language, fields.text].every((field) => typeof field === "string");
}

/** newestFirst puts what the page hears of a run in the place of what the list said. */
function newestFirst(runs: readonly ProbeRun[], heard: ProbeRun | undefined): readonly ProbeRun[] {
  if (heard === undefined) return runs;
  return runs.some(({ id }) => id === heard.id)
    ? runs.map((run) => (run.id === heard.id ? heard : run))
    : [heard, ...runs];
}

function Bench({ data, refresh }: { data: ProbesAnswer; refresh: () => void }): JSX.Element {
  const { examples, refused } = data;
  const [draft, setDraft] = useState<Draft>(() => firstDraft(examples));
  const [duration, setDuration] = useState(30_000);
  const [pid, setPid] = useState("");
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const editor = useRef<EditorHandle>(null);
  const runId = param("run");
  const watched = useRun(runId);
  const isAgents = examples.some(
    ({ id, group, text }) => id === draft.id && group === "agent" && text === draft.text,
  );
  const checked = useCheck(draft.language, draft.text, refused === "" && !isAgents);
  const over = watched.run?.ended_ms ?? null;
  const active = watched.run !== undefined && over === null;

  const linked = param("example");
  useEffect(() => {
    const named = examples.find(({ id }) => id === linked);
    if (named !== undefined && named.id !== draft.id) setDraft(named);
  }, [linked]);
  // The list says how others ended; this one is heard.
  useEffect(() => {
    if (watched.run !== undefined) refresh();
  }, [runId, over]);

  const change = (next: Draft) => {
    setDraft(next);
    keep(draftKey, JSON.stringify(next));
  };
  const type = (text: string) =>
    change({
      ...draft,
      text,
      ...(/^\s*(\/\/.*\n\s*)*package\s/.test(text) ? { language: "go3s" as const } : {}),
    });
  const run = async () => {
    if (refused !== "" || isAgents || draft.text.trim() === "" || busy) return;
    setError(undefined);
    setBusy(true);
    try {
      if (active && runId !== "") await stopProbe(runId);
      const { title, language, text } = draft;
      const target = pid === "" ? {} : { pid: Number(pid) };
      const started = await startProbe({ title, language, text, duration_ms: duration, ...target });
      const own = examples.find(({ id }) => id === draft.id)?.text === text;
      setParams({
        run: started.id,
        example: own ? draft.id : undefined,
        text: own ? undefined : text,
        language: own ? undefined : language,
      });
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const stop = async (id: string) => {
    try {
      await stopProbe(id);
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
    refresh();
  };
  useActions([
    {
      id: "probe-run",
      title: "Run the probe",
      section: "Probes",
      keys: "Ctrl+Enter",
      typing: true,
      run: () => void run(),
    },
    {
      id: "probe-edit",
      title: "Edit the probe",
      section: "Probes",
      keys: "i",
      run: () => editor.current?.focus(),
    },
    ...(active
      ? [
          {
            id: "probe-stop",
            title: "Stop the probe",
            section: "Probes" as const,
            keys: "x",
            run: () => void stop(runId),
          },
        ]
      : []),
  ]);

  // The verifier's words belong to the text that was run; the compiler's to the one in the editor.
  const failed = watched.run?.failure ?? null;
  const fromRun = failed !== null && watched.run?.text === draft.text ? failed.mistakes : [];
  const mistakes = [...(checked.check?.mistakes ?? []), ...fromRun];
  return (
    <div class="probes">
      <Gallery
        examples={examples}
        chosen={draft.id}
        onPick={(example) => {
          setDraft(example);
          setParams({ example: example.id, text: undefined, language: undefined });
        }}
      />
      <div class="probe-bench">
        <div class="head">
          <h1>{draft.title}</h1>
          <span class="dim cut">{examples.find(({ id }) => id === draft.id)?.about ?? ""}</span>
        </div>
        {refused === "" ? null : (
          <p class="note" role="status">
            <strong>You can read the probes here, not run them: {refused}.</strong>
            <span>
              <code>go3s trace</code> runs them in a terminal of the machine;{" "}
              <code>go3s up --allow-control</code> lets this page do it.
            </span>
          </p>
        )}
        <Editor
          handle={editor}
          language={draft.language}
          label="Probe"
          value={draft.text}
          lines
          mistakes={mistakes.map(inEditor)}
          onChange={type}
          onRun={() => void run()}
          complete={async () => undefined}
        />
        <div class="row wrap probe-tools">
          {active ? (
            <button type="button" class="button danger" onClick={() => void stop(runId)}>
              Stop <kbd>x</kbd>
            </button>
          ) : (
            <button
              type="button"
              class="button primary"
              disabled={refused !== "" || isAgents || busy || checked.check?.ok === false}
              onClick={() => void run()}
            >
              Run <kbd>Ctrl Enter</kbd>
            </button>
          )}
          <Choice
            label="Language"
            value={draft.language}
            of={[
              ["script", "bpftrace's"],
              ["go3s", "Go3s"],
            ]}
            onPick={(language) => change({ ...draft, language: languageOf(language) })}
          />
          <Target value={pid} onPick={setPid} />
          <Choice
            label="For"
            value={String(duration)}
            of={durations.map(([ms, title]) => [String(ms), title] as const)}
            onPick={(ms) => setDuration(Number(ms))}
          />
          <span class="grow" />
          <span class="dim" role="status">
            {isAgents
              ? "a part of the agent: it runs already"
              : verdictText(checked.check?.ok, mistakes, checked)}
          </span>
        </div>
        {error === undefined ? null : <Failed error={error} />}
        {checked.error === undefined ? null : <Failed error={checked.error} />}
        <Mistakes of={mistakes} onShow={(at) => editor.current?.show(at)} />
        <Programs
          programs={checked.check?.programs ?? []}
          costs={watched.run?.text === draft.text ? watched.run.costs : []}
        />
        <Outcome watched={watched} />
        <Running
          of={newestFirst(data.runs, watched.run)}
          agent={status.value?.agent}
          chosen={runId}
          onStop={(id) => void stop(id)}
          onWatch={(id) => setParams({ run: id })}
        />
      </div>
    </div>
  );
}

const inEditor = ({ from, to, message, hint, severity }: ProbeMistake): Mistake => ({
  from,
  to,
  said: hint === "" ? message : `${message} – ${hint}`,
  mild: severity === "warning",
});

function verdictText(
  ok: boolean | undefined,
  mistakes: readonly ProbeMistake[],
  { check, fresh }: ReturnType<typeof useCheck>,
): string {
  if (check === undefined) return "";
  if (!fresh) return "compiling…";
  const errors = mistakes.filter(({ severity }) => severity === "error").length;
  if (ok !== true || errors > 0) return plural(Math.max(1, errors), "mistake");
  return `compiles, in ${durationText(check.took_ms * 1e6)}`;
}

/** Target picks a process among those the agent knows, or any by its number. */
function Target({ value, onPick }: { value: string; onPick: (pid: string) => void }): JSX.Element {
  const processes = status.value?.agent.processes ?? [];
  return (
    <label class="row">
      <span class="dim">Target</span>
      <input
        class="input"
        list="probe-targets"
        inputMode="numeric"
        pattern="\d*"
        placeholder="every process"
        value={value}
        onInput={(event) => onPick(event.currentTarget.value.replace(/\D/g, ""))}
      />
      <datalist id="probe-targets">
        {processes.slice(0, 200).map((row) => (
          <option key={row.pid} value={String(row.pid)}>
            {`${row.service_name} · ${row.runtime}`}
          </option>
        ))}
      </datalist>
    </label>
  );
}

function Choice({
  label,
  value,
  of,
  onPick,
}: {
  label: string;
  value: string;
  of: readonly (readonly [value: string, title: string])[];
  onPick: (value: string) => void;
}): JSX.Element {
  return (
    <label class="row">
      <span class="dim">{label}</span>
      <select class="input" value={value} onChange={(event) => onPick(event.currentTarget.value)}>
        {of.map(([each, title]) => (
          <option key={each} value={each}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Outcome is what the run tells, and how it stands. */
function Outcome({ watched }: { watched: Watched }): JSX.Element | null {
  const { run, told, state } = watched;
  if (state === "gone" && run === undefined)
    return <p class="dim pad">That run is over and forgotten; run the probe again.</p>;
  if (run === undefined) return null;
  const quiet = told.lines.length === 0 && told.maps.size === 0 && told.events.size === 0;
  return (
    <section aria-label="Result" class="outcome">
      <div class="head">
        <h2>{run.ended_ms === null ? (run.state === "starting" ? "Starting" : "Running") : "Result"}</h2>
        <span class="dim" role="status">
          {run.ended_ms === null
            ? run.state === "starting"
              ? "compiling, loading, attaching…"
              : `${plural(run.attached, "probe")} attached`
            : `${endText(run)} after ${durationText((run.ended_ms - run.started_ms) * 1e6)}`}
          {run.left_out === 0 ? "" : `; ${plural(run.left_out, "line")} came too fast and are left out`}
          {state === "lost" ? "; the connection is lost and is tried again" : ""}
        </span>
      </div>
      {run.failure === null ? null : (
        <div class="note bad-note" role="alert">
          <strong>{run.failure.message}</strong>
          {run.failure.hint === "" ? null : <span>{run.failure.hint}</span>}
          <code class="dim">{run.failure.code}</code>
        </div>
      )}
      {quiet && run.failure === null ? (
        <p class="dim pad">
          {run.ended_ms === null
            ? "Nothing happened yet that the probe tells of."
            : "The probe told nothing: what it waits for did not happen meanwhile, or not in that process."}
        </p>
      ) : null}
      <Results told={told} />
    </section>
  );
}
