import type { Pod } from "../discovery/pods.js";
import { type Json, list, member, text, texts } from "./json.js";

/** KnownPod is what is kept of a pod as the API tells it: its object has ten times that. */
export interface KnownPod extends Pod {
  /** uids are what its cgroups may be called by: its own, and for a pod out of a file on the node the kubelet's. */
  readonly uids: readonly string[];
  /** version is its resourceVersion: as long as it is the same nothing has changed. */
  readonly version: string;
}

// The pod of a file on the node, as the API has it, has an uid of its own; its cgroups are called by this.
const staticHash = "kubernetes.io/config.hash";
const resourcePrefix = "resource.opentelemetry.io/";

const ownerKeys = new Map([
  ["ReplicaSet", "k8s.replicaset.name"],
  ["StatefulSet", "k8s.statefulset.name"],
  ["DaemonSet", "k8s.daemonset.name"],
  ["Job", "k8s.job.name"],
]);

/** podOf takes what is needed of a v1 Pod; undefined when it is none. */
export function podOf(object: Json): KnownPod | undefined {
  const [uid, name, namespace] = ["uid", "name", "namespace"].map((key) => text(object, "metadata", key));
  if (!uid || !name || !namespace) return undefined;
  const labels = texts(object, "metadata", "labels");
  const annotations = texts(object, "metadata", "annotations");
  const attributes = new Map<string, string>([
    ["k8s.pod.uid", uid],
    ["k8s.pod.name", name],
    ["k8s.namespace.name", namespace],
  ]);
  const set = (key: string, value: string): void => {
    if (value !== "") attributes.set(key, value);
  };
  set("k8s.node.name", text(object, "spec", "nodeName"));
  set("k8s.pod.start_time", text(object, "status", "startTime"));
  for (const [key, value] of owners(object, labels.get("pod-template-hash") ?? "")) set(key, value);
  for (const [key, value] of labels) attributes.set(`k8s.pod.label.${key}`, value);
  for (const [key, value] of annotations) {
    const attribute = key.startsWith(resourcePrefix) ? key.slice(resourcePrefix.length) : "";
    // What a service is called is decided by what runs in it (identity.ts), the same with and without a cluster.
    if (attribute !== "" && attribute !== "service.name") attributes.set(attribute, value);
  }
  const hash = annotations.get(staticHash) ?? "";
  return {
    uids: hash === "" ? [uid] : [uid, hash],
    version: text(object, "metadata", "resourceVersion"),
    name,
    namespace,
    labels,
    attributes,
    containers: containersOf(object),
  };
}

/** owners are the attributes of what made the pod: its controller, and what made that as far as its name tells. */
function owners(pod: Json, templateHash: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const owner of list(pod, "metadata", "ownerReferences")) {
    const [kind, name] = [text(owner, "kind"), text(owner, "name")];
    const key = ownerKeys.get(kind);
    if (key === undefined || member(owner, "controller") !== true) continue;
    found.set(key, name);
    // A Deployment calls its ReplicaSets by its own name and the hash that it puts on their pods.
    const tail = `-${templateHash}`;
    if (kind === "ReplicaSet" && templateHash !== "" && name.endsWith(tail))
      found.set("k8s.deployment.name", name.slice(0, -tail.length));
    const cronJob = kind === "Job" ? cronJobOf(name, text(pod, "metadata", "creationTimestamp")) : "";
    if (cronJob !== "") found.set("k8s.cronjob.name", cronJob);
  }
  return found;
}

/** cronJobOf: a CronJob calls its Jobs by its own name and the minute, since 1970, for which they were due. */
function cronJobOf(job: string, created: string): string {
  const [, name = "", minute] = /^(.+)-(\d{7,})$/.exec(job) ?? [];
  const apartMs = Math.abs(Number(minute) * 60_000 - Date.parse(created));
  // A Job's last pod may be days younger than its Job; a number that means something else is years away.
  return apartMs < 30 * 24 * 3_600_000 ? name : "";
}

/** containersOf has the names of all kinds of containers by the runtime's ids: "containerd://4f2a…". */
function containersOf(pod: Json): Map<string, string> {
  const found = new Map<string, string>();
  for (const kind of ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"]) {
    for (const status of list(pod, "status", kind)) {
      const id = text(status, "containerID").replace(/^[\w.-]+:\/\//, "");
      if (id !== "") found.set(id, text(status, "name"));
    }
  }
  return found;
}
