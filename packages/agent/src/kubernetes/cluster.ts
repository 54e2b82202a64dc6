import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { MissingPart } from "../attach/observer-types.js";
import { newPods, type Pods } from "../discovery/pods.js";
import { asksForLabels, type Selection } from "../discovery/selection.js";
import { type ClusterEnvironment, environment } from "../environment.js";
import { AgentError } from "../errors.js";
import { type ClusterAccess, serviceAccount } from "./access.js";
import { kubeconfigAccess } from "./kubeconfig.js";
import { openPodWatch, type PodWatchTiming } from "./pod-watch.js";

/** Cluster is what is known of this node's pods: by the API where there is one, else by the kubelet's folders. */
export interface Cluster extends Pods {
  missing(): readonly MissingPart[];
  close(): void;
}

/** ClusterOptions are what a cluster is opened with. */
export interface ClusterOptions {
  /** access is where the API is; undefined where there is none. */
  readonly access: ClusterAccess | undefined;
  /** changed hears of pods that came or have become different. */
  readonly changed: (uids: ReadonlySet<string>) => void;
  readonly onMissing?: ((part: MissingPart) => void) | undefined;
  readonly around?: ClusterEnvironment;
  readonly timing?: PodWatchTiming;
  /** folder is the kubelet's, of pods' logs. */
  readonly folder?: string;
}

/** openCluster begins to ask the API. That it can't be reached, or refuses, is told in missing(), and everything else goes on. */
export function openCluster(options: ClusterOptions): Cluster {
  const around = options.around ?? environment.cluster;
  const folder = newPods(options.folder);
  const { access } = options;
  if (access === undefined) return { ...folder, missing: () => [], close: () => undefined };
  const watch = openPodWatch({
    access,
    node: around.nodeName,
    hostName: hostname(),
    changed: options.changed,
    onMissing: options.onMissing,
    ...(options.timing === undefined ? {} : { timing: options.timing }),
  });
  return {
    // The folder is there before the API tells of a pod, and where it tells nothing.
    of: (uid) => watch.of(uid) ?? folder.of(uid),
    missing() {
      const part = watch.missing();
      return part === undefined ? [] : [part];
    },
    close: watch.close,
  };
}

/**
 * clusterAccess finds the API: by a kubeconfig that was named, the service account of the pod that we run in, and for who asks for labels
 * by $KUBECONFIG or ~/.kube/config. Throws AgentError "bad-kubeconfig"; "no-cluster" when labels are asked for and there is none of it.
 */
export function clusterAccess(
  selection: Selection,
  kubeconfig?: string,
  around: ClusterEnvironment = environment.cluster,
): ClusterAccess | undefined {
  if (kubeconfig !== undefined) return kubeconfigAccess(kubeconfig);
  const { accountFolder: folder, serviceHost: host, servicePort: port } = around;
  const account = serviceAccount({ folder, host, port });
  if (account !== undefined || !asksForLabels(selection)) return account;
  // Somebody's own configuration leads to a cluster that this machine need not be in: only for who asks for labels.
  const files = around.kubeconfigs.length > 0 ? around.kubeconfigs : [join(around.home, ".kube", "config")];
  const file = files.find((path) => existsSync(path));
  if (file !== undefined) return kubeconfigAccess(file);
  throw new AgentError(
    "no-cluster",
    `labels are only known to Kubernetes' API, and nothing says where it is: no service account in ${folder}, no ${files.join(", no ")}`,
    { hint: "run it in a pod with a service account, or give --kubeconfig FILE" },
  );
}
