import type { AgentStatus } from "@go3s/server";
import type { AgentChildState } from "./agent-child.js";

const nothing = {
  probes: 0,
  cpu_share: null,
  rss_bytes: null,
  spans: 0,
  processes: [],
  dropped: [],
} as const;

/** agentStatus says in the API's words what the server knows of its agent. */
export function agentStatus(state: AgentChildState | undefined): AgentStatus {
  if (state === undefined) {
    return {
      ...nothing,
      state: "off",
      reason: "started with --no-agent",
      hint: "start go3s up without --no-agent",
    };
  }
  if (state.state === "starting")
    return { ...nothing, state: "starting", reason: "the probes are being attached", hint: "" };
  if (state.state === "failed")
    return {
      ...nothing,
      state: "failed",
      reason: [state.message, ...state.missing.map((part) => `${part.what}: ${part.why}`)].join("; "),
      hint: state.hint,
    };
  const { report } = state;
  return {
    state: report.missing.length > 0 ? "partial" : "running",
    reason: report.missing.map((part) => `${part.what}: ${part.why}`).join("; "),
    hint: report.missing
      .map((part) => part.hint)
      .filter((hint) => hint !== "")
      .join("; "),
    probes: report.probes,
    cpu_share: report.cpuShare,
    rss_bytes: report.rssBytes,
    spans: report.spans + state.probes.reduce((sum, each) => sum + each.spans, 0),
    processes: report.processes.map((process) => ({
      pid: process.pid,
      service_name: process.serviceName,
      executable: process.executable,
      runtime: process.runtime,
      watched: process.watched,
      reason: process.reason,
      probes: process.probes,
      spans: process.spans,
    })),
    sampling: {
      share: report.sampling.share,
      errors: report.sampling.errors,
      spans_per_second: report.sampling.spansPerSecond,
      services: report.sampling.services,
      untold: report.sampling.untold,
    },
    programs: report.programs.map(({ name, runs, nanoseconds }) => ({ name, runs, run_ns: nanoseconds })),
    dropped: [
      ...Object.entries(report.dropped),
      ...state.probes.flatMap(({ probe, dropped }) =>
        Object.entries(dropped).map(([reason, count]) => [`${probe}: ${reason}`, count] as const),
      ),
    ].map(([reason, count]) => ({ place: "agent", reason, count, unit: "events" })),
  };
}
