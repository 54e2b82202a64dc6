import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent, AgentOptions } from "../agent-types.js";
import type { BuiltProgram, RunningService } from "./go-service.js";
import { type Client, newClient } from "./http-client.js";
import { newSpanCollector } from "./live-peers.js";

/** ObservedService is a service that runs, with an agent that watches it. */
export interface ObservedService {
  readonly service: RunningService;
  readonly agent: Agent;
  /** client keeps its connection. */
  readonly client: Client;
  /** spans are those that came until now. */
  readonly spans: readonly Span[];
}

/** whileObserved starts a program and an agent for it, without metrics, and ends both after `act`, however that ends; the program is removed. */
export async function whileObserved(
  program: BuiltProgram,
  act: (run: ObservedService) => Promise<void>,
  options: Partial<AgentOptions> = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { spans, exporter } = newSpanCollector();
  let service: RunningService | undefined;
  let agent: Agent | undefined;
  let client: Client | undefined;
  try {
    service = await program.start(environment);
    agent = await startAgent({
      selection: { pids: [service.pid] },
      exclude: [process.pid],
      exporter,
      metrics: false,
      ...options,
    });
    client = newClient(service.port, true);
    await act({ service, agent, client, spans });
  } finally {
    client?.close();
    await agent?.close();
    await service?.stop();
    program.remove();
  }
}
