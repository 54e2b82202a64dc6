import { readdirSync } from "node:fs";

/** Pod is what a kubelet calls a pod, and what the cluster's API says beside. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  /** labels are undefined where only the kubelet's folders told of it. */
  readonly labels?: ReadonlyMap<string, string>;
  /** attributes are OpenTelemetry's, of the pod and of what made it. */
  readonly attributes?: ReadonlyMap<string, string>;
  /** containers are the names of its containers by the runtime's ids. */
  readonly containers?: ReadonlyMap<string, string>;
}

/** Pods finds pods by uid. Labels are not on the machine: only the cluster's API has them (kubernetes/cluster.ts). */
export interface Pods {
  of(uid: string): Pod | undefined;
}

// A pod's folder is there before its processes are; who has none is no reason to read the listing for each process.
const listEveryMs = 2000;

/** newPods reads the folders that a kubelet makes for pods' logs, NAMESPACE_NAME_UID; an agent in a container needs them mounted. */
export function newPods(folder = "/var/log/pods", now: () => number = Date.now): Pods {
  let known = new Map<string, Pod>();
  let listed = Number.NEGATIVE_INFINITY;
  const list = (): void => {
    listed = now();
    let names: string[];
    try {
      names = readdirSync(folder);
    } catch {
      return;
    }
    known = new Map();
    for (const name of names) {
      // Neither a namespace nor a pod's name holds an underscore (RFC 1123 labels and subdomains).
      const [namespace, pod, uid] = name.split("_");
      if (namespace && pod && uid) known.set(uid, { namespace, name: pod });
    }
  };
  return {
    of(uid) {
      const found = known.get(uid);
      if (found !== undefined || now() - listed < listEveryMs) return found;
      list();
      return known.get(uid);
    },
  };
}
