import { setTimeout } from "node:timers/promises";
import type { MissingPart } from "../attach/observer-types.js";
import type { Pods } from "../discovery/pods.js";
import { type ClusterAccess, tokenPlace } from "./access.js";
import { ApiRefusal, getJson, watchEvents } from "./api-request.js";
import { type Json, list, member, text } from "./json.js";
import { type KnownPod, podOf } from "./pod-facts.js";
import { missingPart } from "./refusals.js";

/** PodWatch knows the pods of one node as the cluster's API tells them, and what changes of them. */
export interface PodWatch extends Pods {
  /** missing says why it knows nothing, or nothing new, at the moment. */
  missing(): MissingPart | undefined;
  close(): void;
}

/** PodWatchOptions are what a watch is started with. */
export interface PodWatchOptions {
  readonly access: ClusterAccess;
  /** node is this node's name; "" to find it out. */
  readonly node: string;
  /** hostName is taken for the node's name where nothing else tells it. */
  readonly hostName: string;
  /** changed hears of pods that came or have become different, by what their cgroups are called by. */
  readonly changed: (uids: ReadonlySet<string>) => void;
  /** onMissing hears whenever what is missing is something else. */
  readonly onMissing?: ((part: MissingPart) => void) | undefined;
  readonly timing?: PodWatchTiming;
}

/** PodWatchTiming is how patient a watch is. */
export interface PodWatchTiming {
  /** firstMs is the pause after a first failure; each further one doubles it, up to mostMs. */
  readonly firstMs: number;
  readonly mostMs: number;
  /** watchSeconds is how long a watch is asked for, before it is asked for again. */
  readonly watchSeconds: number;
}

const patient: PodWatchTiming = { firstMs: 1000, mostMs: 60_000, watchSeconds: 300 };
// The API ends a watch by itself in time; a connection on which that is not heard is dead.
const graceMs = 30_000;

/** openPodWatch begins to ask, and goes on until it is closed. It never throws: what fails is told, and tried again. */
export function openPodWatch(options: PodWatchOptions): PodWatch {
  const { access } = options;
  const timing = options.timing ?? patient;
  const closing = new AbortController();
  const { signal } = closing;
  let known = new Map<string, KnownPod>();
  let missing: MissingPart | undefined;
  let node = options.node;
  let isGuess = false;
  /** version is where a watch begins; "" when there must be a list first. */
  let version = "";
  /** listFrom "0" is what the API has at hand, which costs it nothing; "" asks its database. */
  let listFrom = "0";
  let isOpen = false;

  /** hadPods: the node is one of the API's. When it has none later, it is empty. */
  let hadPods = false;
  let isEmptyTold = false;

  const tell = (part: MissingPart | undefined, isKnown = false): void => {
    const isNew = part !== undefined && part.why !== missing?.why;
    missing = part;
    if (isNew && !isKnown) options.onMissing?.(part);
  };

  const pathOf = (parameters: Readonly<Record<string, string>>): string =>
    `/api/v1/pods?${new URLSearchParams({ fieldSelector: `spec.nodeName=${node}`, ...parameters })}`;

  const findNode = async (): Promise<void> => {
    const { node: name, namespace, pod } = tokenPlace(await access.token(false, signal));
    node = name;
    if (node === "" && pod !== "") {
      const self = await getJson(access, `/api/v1/namespaces/${namespace}/pods/${pod}`, signal);
      node = text(self, "spec", "nodeName");
    }
    isGuess = node === "";
    if (isGuess) node = options.hostName.toLowerCase();
  };

  /** tellWhetherEmpty: nobody refuses a name that no node has; there are just no pods. A node may have none as well, so it is said once. */
  const tellWhetherEmpty = (): void => {
    hadPods ||= known.size > 0;
    const from = isGuess
      ? "this machine calls itself"
      : options.node === ""
        ? "the token says"
        : "NODE_NAME says";
    tell(hadPods ? undefined : noPods(node, from), isEmptyTold);
    isEmptyTold ||= !hadPods;
  };

  const put = (pod: KnownPod, into: Map<string, KnownPod>): void => {
    for (const uid of pod.uids) into.set(uid, pod);
  };

  const listPods = async (): Promise<void> => {
    const answer = await getJson(
      access,
      pathOf(listFrom === "" ? {} : { resourceVersion: listFrom }),
      signal,
    );
    const before = known;
    known = new Map();
    const changed = new Set<string>();
    for (const item of list(answer, "items")) {
      const pod = podOf(item);
      if (pod === undefined) continue;
      put(pod, known);
      for (const uid of pod.uids) if (before.get(uid)?.version !== pod.version) changed.add(uid);
    }
    version = text(answer, "metadata", "resourceVersion");
    listFrom = "0";
    if (changed.size > 0) options.changed(changed);
  };

  const take = (event: Json): void => {
    const object = member(event, "object");
    const type = text(event, "type");
    if (type === "ERROR") throw new ApiRefusal(Number(member(object, "code")), text(object, "message"));
    version = text(object, "metadata", "resourceVersion") || version;
    const pod = type === "BOOKMARK" ? undefined : podOf(object);
    if (pod === undefined) return;
    if (type === "DELETED") {
      // A pod of the same file may have taken its place.
      for (const uid of pod.uids) if (known.get(uid)?.uids[0] === pod.uids[0]) known.delete(uid);
      return;
    }
    put(pod, known);
    options.changed(new Set(pod.uids));
  };

  const watchPods = async (): Promise<void> => {
    // Not all agents of a cluster at once.
    const seconds = Math.ceil(timing.watchSeconds * (1 + Math.random()));
    const path = pathOf({
      watch: "1",
      allowWatchBookmarks: "true",
      resourceVersion: version,
      timeoutSeconds: String(seconds),
    });
    await watchEvents(
      access,
      path,
      { signal, ms: seconds * 1000 + graceMs },
      {
        opened() {
          isOpen = true;
          tellWhetherEmpty();
        },
        event(event) {
          take(event);
          if (!hadPods) tellWhetherEmpty();
        },
      },
    );
  };

  const pause = async (ms: number): Promise<void> => {
    // It rejects when the watch is closed meanwhile, which the loop sees by itself.
    await setTimeout(ms * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  };

  const run = async (): Promise<void> => {
    let wait = timing.firstMs;
    while (!signal.aborted) {
      const began = performance.now();
      try {
        if (node === "") await findNode();
        if (version === "") await listPods();
        await watchPods();
      } catch (error) {
        if (signal.aborted) return;
        const status = error instanceof ApiRefusal ? error.status : 0;
        // What has happened since is not told any more (410), or nothing is (403): what there is now is to be had by a list.
        if (status !== 0) version = "";
        if (status === 410) listFrom = "";
        // A connection that was cut off is nothing yet: the next one tells whether the API is away.
        else if (status !== 0 || !isOpen) tell(missingPart(error, access));
      }
      isOpen = false;
      // A watch that lasted went well, however it ended.
      const lasted = performance.now() - began > 2 * timing.firstMs;
      wait = lasted ? timing.firstMs : Math.min(2 * wait, timing.mostMs);
      await pause(lasted ? timing.firstMs / 2 : wait / 2);
    }
  };
  void run();

  return {
    of: (uid) => known.get(uid),
    missing: () => missing,
    close: () => closing.abort(),
  };
}

const noPods = (node: string, from: string): MissingPart => ({
  what: "Kubernetes' labels",
  why: `the API has no pods on a node "${node}", as ${from}`,
  hint: "set NODE_NAME to the node's name, as kubectl get nodes has it, unless no pod runs there yet",
});
