/** PodApi is a Kubernetes API with the pods of podNames on it: a real one (kube-apiserver.ts) or one that says what that said (pod-replay.ts). */
export interface PodApi {
  /** ca is the certificate that the API's own is signed by. */
  readonly ca: string;
  readonly host: string;
  readonly port: number;
  /** token is a service account's: "agent" may get, list and watch pods, "nobody" may not. Each one is another. */
  token(account: "agent" | "nobody"): Promise<string>;
  /** uid is the one that the API gave to a pod. */
  uid(pod: string): Promise<string>;
  /** change carries out a step. */
  change(step: PodStep): Promise<void>;
  /** interrupt ends all connections, and forgets what happened before when `forgets`: who asks from there on gets 410. */
  interrupt(forgets: boolean): Promise<void>;
  close(): Promise<void>;
}

/** PodStep: the shop's pod becomes app=cart; a job's pod comes; it goes. */
export type PodStep = "relabel" | "add" | "remove";

/** nodeName is the node whose pods are asked for. */
export const nodeName = "node-1";

/** podNames: the agent's own, one of a Deployment, one on another node, and what "add" adds. */
export const podNames = {
  agent: "go3s-agent-x7k2p",
  shop: "shop-7d9f8b6c5d-abcde",
  elsewhere: "shop-7d9f8b6c5d-zzzzz",
  job: "nightly",
} as const;

/** containerIds are those of the pods' containers, as a runtime gives them. */
export const containerIds = {
  shop: "4f2a9c".padEnd(64, "0"),
  setup: "5e55e5".padEnd(64, "0"),
  job: "7b3d11".padEnd(64, "0"),
} as const;
