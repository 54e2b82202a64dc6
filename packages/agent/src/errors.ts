/** AGENT_ERROR_CODES lists every code an AgentError can carry, with its one-line meaning. */
export const AGENT_ERROR_CODES = {
  "bad-probes": "the built-in probes do not compile or do not fit together: a mistake of ours",
  "bad-annotation":
    "an object's telemetry annotation that does not fit its types: a broken or foreign object",
  "bad-pattern": "a function pattern that names nothing or everything",
  "bad-label": "a Kubernetes label selector that is none",
  "no-cluster": "Kubernetes' labels are asked for, and nothing says where its API is",
  "bad-kubeconfig": "a kubeconfig file that can't be read, or lacks what is needed",
  "bad-functions": "the probes generated for functions do not compile: a mistake of ours",
  "bad-sampling": "a share of requests that is none, or a limit that is no number",
  "no-annotation": "a probe whose maps and events say nothing of becoming telemetry",
} as const;

/** AgentErrorCode is one of the keys of AGENT_ERROR_CODES. */
export type AgentErrorCode = keyof typeof AGENT_ERROR_CODES;

/** AgentError says what was tried and why it failed; `hint` says what to do. */
export class AgentError extends Error {
  readonly code: AgentErrorCode;
  readonly hint: string | undefined;

  constructor(code: AgentErrorCode, message: string, details: { hint?: string; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "AgentError";
    this.code = code;
    this.hint = details.hint;
  }
}
