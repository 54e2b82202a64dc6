/** LogStep is one instruction the verifier walked over, on the path that it refused. */
export interface LogStep {
  readonly slot: number;
  readonly text: string;
  /** What it printed of registers before the instruction; a whole state. */
  readonly before: string | undefined;
  /** What it printed of registers after the instruction: those that were used or changed. */
  readonly after: string | undefined;
}

/** VerifierLog is a log of BPF_PROG_LOAD in parts. */
export interface VerifierLog {
  /** The path to the refusal, in order. */
  readonly steps: readonly LogStep[];
  /** The kernel's objection: the lines behind the last step. */
  readonly objection: readonly string[];
}

/** What 6.x prints behind ";" and all kernels print after "SLOT:". */
const STATE = /^(?:from \d+ to )?(\d+): ?(?:safe)?((?:frame\d+: ?)?(?:R\d+|fp-).*)?$/;
const STEP = /^(\d+): (?:frame\d+: )?\([0-9a-f]{2}\) (.*)$/;
/** A jump's line goes on with the state of the place it goes to. */
const INLINE_STATE = / (\d+): ((?:frame\d+: )?(?:R\d+|fp-).*)$/;
const NOISE =
  /^(processed \d+ insns|verification time|stack depth|insns processed|max_states|peak_states|mark_precise|func#\d|Live regs|Validating |caller:|callee:|returning from callee:|to caller at |Func#\d+ .*(assumed valid|safe for any)|last_idx |parent |regs=|func '\S+' arg\d+ has btf_id|from \d+ to \d+: safe| frame\d+: |cur state:|old state:)/;

interface Building {
  slot: number;
  text: string;
  before: string | undefined;
  after: string | undefined;
}

function withoutFrame(state: string): string {
  return state.replace(/^\s*frame\d+: ?/, "").trim();
}

function parseStep(slot: number, rest: string, before: string | undefined): [Building, string | undefined] {
  let text = rest;
  let after: string | undefined;
  const comment = /\s+;(?: |$)/.exec(text);
  if (comment !== null) {
    after = withoutFrame(text.slice(comment.index + comment[0].length));
    text = text.slice(0, comment.index);
  }
  const inline = INLINE_STATE.exec(text);
  const next = inline?.[2] === undefined ? undefined : withoutFrame(inline[2]);
  if (inline !== null) text = text.slice(0, inline.index);
  return [{ slot, text: text.trim(), before, after: after ?? next }, next];
}

/**
 * parseLog takes a verifier's log apart. It reads what kernels from 4.18 to 6.18 write; lines it does not know are
 * taken for the objection when they stand behind the last step.
 */
export function parseLog(log: string): VerifierLog {
  const steps: Building[] = [];
  let objection: string[] = [];
  let before: string | undefined;
  for (const raw of log.split("\n")) {
    // Some messages have no end of line of their own.
    const line = raw.replace(/processed \d+ insns \(limit.*$/, "").trimEnd();
    const step = STEP.exec(line);
    if (step !== null) {
      const [parsed, next] = parseStep(Number(step[1]), step[2] ?? "", before);
      steps.push(parsed);
      before = next;
      objection = [];
      continue;
    }
    const state = STATE.exec(line);
    if (state !== null) {
      if (state[2] !== undefined) before = withoutFrame(state[2]);
      continue;
    }
    if (line.trim() === "" || line.startsWith(";") || NOISE.test(line)) continue;
    // An instruction that cannot be printed is named BUG_XX.
    const odd = /^(\d+): (BUG_\S*)/.exec(line);
    if (odd !== null) {
      steps.push({ slot: Number(odd[1]), text: odd[2] ?? "", before, after: undefined });
      objection = [];
      continue;
    }
    objection.push(line.trim());
  }
  return { steps, objection };
}

/** parseRegisters reads a printed state into register or slot name (`r0`, `fp-8`) and what is known of it. */
export function parseRegisters(state: string | undefined): Map<string, string> {
  const found = new Map<string, string>();
  if (state === undefined) return found;
  let depth = 0;
  let word = "";
  const take = (): void => {
    const parts = /^(R\d+|fp-?\d+)(?:_[rwDP]+)?=(.*)$/.exec(word);
    if (parts?.[1] !== undefined) found.set(parts[1].toLowerCase(), parts[2] ?? "");
    word = "";
  };
  for (const letter of state) {
    if (letter === "(") depth++;
    else if (letter === ")") depth--;
    if (letter === " " && depth <= 0) take();
    else word += letter;
  }
  take();
  return found;
}
