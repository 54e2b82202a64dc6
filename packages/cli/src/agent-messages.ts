import type { AgentReport } from "@go3s/agent";

/** AgentStart is what `go3s up` tells its agent process first. */
export interface AgentStart {
  readonly type: "start";
  readonly otlpUrl: string;
  /** exclude lists processes that are never watched, with their children: Go3s itself. */
  readonly exclude: readonly number[];
}

/** AgentTold is what the agent process says: its report once a second, or why it cannot work. */
export type AgentTold =
  | { readonly type: "report"; readonly report: AgentReport }
  | { readonly type: "failed"; readonly message: string; readonly hint: string };

/** isAgentTold checks a message of the other process by its shape's name. */
export function isAgentTold(value: unknown): value is AgentTold {
  return (
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    (value.type === "report" || value.type === "failed")
  );
}

/** isAgentStart checks the same on the other side. */
export function isAgentStart(value: unknown): value is AgentStart {
  return typeof value === "object" && value !== null && "type" in value && value.type === "start";
}
