// The only place of this package that reads the environment.
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** ClusterEnvironment says where a Kubernetes cluster is, and which of its nodes this is; "" for what nothing says. */
export interface ClusterEnvironment {
  /** serviceHost and servicePort are what a kubelet puts into every container. */
  readonly serviceHost: string;
  readonly servicePort: string;
  readonly accountFolder: string;
  /** nodeName comes by the downward API (spec.nodeName), where a manifest asks for it. */
  readonly nodeName: string;
  readonly kubeconfigs: readonly string[];
  readonly home: string;
}

const cluster: ClusterEnvironment = {
  serviceHost: process.env["KUBERNETES_SERVICE_HOST"] ?? "",
  servicePort: process.env["KUBERNETES_SERVICE_PORT"] ?? "",
  accountFolder: "/var/run/secrets/kubernetes.io/serviceaccount",
  nodeName: process.env["NODE_NAME"] ?? "",
  kubeconfigs: (process.env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== ""),
  home: homedir(),
};

/** environment is what the agent takes from its process's environment. */
export const environment = {
  cluster,
  /** cacheFolder is where compiled probes are kept: GO3S_CACHE, else in the user's own cache. */
  cacheFolder: process.env["GO3S_CACHE"] || join(homedir(), ".cache", "go3s"),
} as const;

/** childEnvironment is this process's environment with some names set, for a program that is started. */
export function childEnvironment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...more };
}
