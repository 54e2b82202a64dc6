import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { MissingPart } from "../attach/observer-types.js";
import { identify } from "../discovery/identity.js";
import type { Selection } from "../discovery/selection.js";
import { AgentError } from "../errors.js";
import { startKubeApi, whyNoApiServer } from "../testing/kube-apiserver.js";
import { containerIds, nodeName, type PodApi, podNames } from "../testing/pod-api.js";
import { startPodReplay } from "../testing/pod-replay.js";
import { eventually } from "../testing/wait.js";
import { type Cluster, clusterAccess, openCluster } from "./cluster.js";

const timing = { firstMs: 50, mostMs: 400, watchSeconds: 300 };

interface Opened {
  readonly cluster: Cluster;
  readonly told: MissingPart[];
  /** changed are the uids of all pods that were told as changed. */
  readonly changed: string[];
  setToken(token: string): void;
}

/** open opens a cluster as from a pod with a service account's folder. */
function open(
  t: TestContext,
  api: Pick<PodApi, "ca" | "host" | "port">,
  { token, node = "", watchSeconds = 300 }: { token: string; node?: string; watchSeconds?: number },
): Opened {
  const folder = mkdtempSync(join(tmpdir(), "go3s-account-"));
  const setToken = (text: string): void => writeFileSync(join(folder, "token"), `${text}\n`);
  setToken(token);
  writeFileSync(join(folder, "ca.crt"), api.ca);
  const told: MissingPart[] = [];
  const changed: string[] = [];
  const around = {
    serviceHost: api.host,
    servicePort: String(api.port),
    accountFolder: folder,
    nodeName: node,
    kubeconfigs: [],
    home: folder,
  };
  const cluster = openCluster({
    access: clusterAccess({ all: true }, undefined, around),
    changed: (uids) => changed.push(...uids),
    onMissing: (part) => told.push(part),
    around,
    timing: { ...timing, watchSeconds },
    folder: join(folder, "none"),
  });
  t.after(() => {
    cluster.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { cluster, told, changed, setToken };
}

const labelsOf = (cluster: Cluster, uid: string): Record<string, string> | undefined => {
  const labels = cluster.of(uid)?.labels;
  return labels && Object.fromEntries(labels);
};

const apis: readonly [name: string, skip: string | false, start: () => Promise<PodApi>][] = [
  ["what a kube-apiserver said", false, () => startPodReplay()],
  ["a kube-apiserver of its own", whyNoApiServer(), startKubeApi],
];

for (const [name, skip, start] of apis) {
  test(`${name}: this node's pods are known, what changes of them, and what came while nobody watched`, {
    skip,
  }, async (t) => {
    const api = await start();
    t.after(() => api.close());
    const { cluster, changed, told } = open(t, api, { token: await api.token("agent") });
    const shop = await api.uid(podNames.shop);
    const elsewhere = await api.uid(podNames.elsewhere);
    assert.ok(shop !== "" && elsewhere !== "" && shop !== elsewhere);

    // Which node this is stands in the token.
    await eventually("the list", () => cluster.of(shop));
    assert.equal(cluster.of(elsewhere), undefined);
    assert.deepEqual(labelsOf(cluster, shop), {
      app: "shop",
      tier: "web",
      "pod-template-hash": "7d9f8b6c5d",
    });
    assert.ok(changed.includes(shop));

    const facts = {
      pid: 7,
      startTicks: 1,
      stack: 0,
      network: 0,
      parent: 1,
      executable: "/srv/shop",
      command: ["/srv/shop"],
      environment: new Map<string, string>(),
      cgroup: `0::/kubepods.slice/kubepods-pod${shop.replaceAll("-", "_")}.slice/cri-containerd-${containerIds.shop}.scope\n`,
    };
    const identity = identify(facts, undefined, cluster);
    const own = [...identity.attributes].filter(([key]) =>
      /^(?:k8s|container|service|deployment)\./.test(key),
    );
    assert.deepEqual(Object.fromEntries(own), {
      "service.name": "shop",
      "container.id": containerIds.shop,
      "deployment.environment.name": "staging",
      "k8s.pod.uid": shop,
      "k8s.pod.name": podNames.shop,
      "k8s.namespace.name": "shop",
      "k8s.node.name": nodeName,
      "k8s.pod.start_time": "2026-11-22T20:00:00Z",
      "k8s.replicaset.name": "shop-7d9f8b6c5d",
      "k8s.deployment.name": "shop",
      "k8s.container.name": "main",
      "k8s.pod.label.app": "shop",
      "k8s.pod.label.tier": "web",
      "k8s.pod.label.pod-template-hash": "7d9f8b6c5d",
    });
    const setup = facts.cgroup.replace(containerIds.shop, containerIds.setup);
    const inSetup = identify({ ...facts, cgroup: setup }, undefined, cluster);
    assert.equal(inSetup.attributes.get("k8s.container.name"), "setup");

    changed.length = 0;
    await api.change("relabel");
    await eventually("other labels", () => labelsOf(cluster, shop)?.["app"] === "cart");
    assert.equal(labelsOf(cluster, shop)?.["tier"], undefined);
    assert.ok(changed.includes(shop));

    await api.change("add");
    const job = await api.uid(podNames.job);
    await eventually("a pod that comes, with its container", () =>
      cluster.of(job)?.containers?.has(containerIds.job),
    );
    const attributes = cluster.of(job)?.attributes;
    assert.equal(attributes?.get("k8s.cronjob.name"), "nightly");
    assert.match(attributes?.get("k8s.job.name") ?? "", /^nightly-\d+$/);
    await api.change("remove");
    await eventually("a pod that goes", () => cluster.of(job) === undefined);

    await api.interrupt(true);
    await api.change("add");
    const again = await api.uid(podNames.job);
    await eventually("a pod after all that was before is forgotten", () => cluster.of(again));
    assert.equal(labelsOf(cluster, shop)?.["app"], "cart");
    await eventually("nothing missing", () => cluster.missing().length === 0);
    // A server that has just begun knows of no roles for a moment.
    if (!("ask" in api)) assert.deepEqual(told, []);
  });

  test(`${name}: who may not list pods is told which role is needed, and knows labels as soon as it has it`, {
    skip,
  }, async (t) => {
    const api = await start();
    t.after(() => api.close());
    const { cluster, told, setToken } = open(t, api, { token: await api.token("nobody"), node: nodeName });
    await eventually("a refusal", () => told.length > 0);
    const [part] = cluster.missing();
    assert.match(
      part?.why ?? "",
      /^the API at https:\/\/127\.0\.0\.1:\d+ refused: pods is forbidden: User "system:serviceaccount:shop:nobody" cannot list resource "pods"/,
    );
    assert.match(part?.hint ?? "", /ClusterRole .*resources: \[pods\], verbs: \[get, list, watch\]/);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(told.length, 1);
    assert.equal(cluster.of(await api.uid(podNames.shop)), undefined);
    setToken(await api.token("agent"));
    const shop = await api.uid(podNames.shop);
    await eventually("labels", () => cluster.of(shop));
    await eventually("nothing missing", () => cluster.missing().length === 0);
  });

  test(`${name}: a token that has ended is told; the one in its place is taken`, { skip }, async (t) => {
    const api = await start();
    t.after(() => api.close());
    const { cluster, told, setToken } = open(t, api, { token: "ended", node: nodeName });
    await eventually("a refusal", () => told.length > 0);
    assert.match(told[0]?.why ?? "", /does not take the credentials: Unauthorized/);
    setToken(await api.token("agent"));
    const shop = await api.uid(podNames.shop);
    await eventually("labels", () => cluster.of(shop));
    await eventually("nothing missing", () => cluster.missing().length === 0);
  });
}

test("a watch that is cut off goes on where it was; a bookmark moves that; only what is forgotten takes a list", async (t) => {
  const api = await startPodReplay();
  t.after(() => api.close());
  const first = await api.token("agent");
  const { cluster, setToken } = open(t, api, { token: first });
  const count = (pattern: RegExp): number => api.asked.filter((each) => pattern.test(each)).length;
  await eventually("a watch", () => count(/^watch/) === 1);
  // The token that the kubelet puts in its place is used from the next request on.
  setToken(await api.token("agent"));
  api.revoke(first);
  await api.interrupt(false);
  await eventually("a second watch", () => count(/^watch/) === 2);
  assert.deepEqual([count(/^list/), count(/^401/)], [1, 0]);
  api.bookmark("987654");
  await new Promise((resolve) => setTimeout(resolve, 100));
  await api.interrupt(false);
  await eventually("a third watch", () => api.asked.includes("watch 987654"));
  assert.equal(count(/^list/), 1);
  await api.interrupt(true);
  await eventually("a list", () => count(/^list/) === 2);
  assert.ok(cluster.of(await api.uid(podNames.shop)));
});

test("a watch that the API ends in time is asked for again without a word", async (t) => {
  const api = await startPodReplay();
  t.after(() => api.close());
  const { told } = open(t, api, { token: await api.token("agent"), watchSeconds: 0.5 });
  await eventually("three watches", () => api.asked.filter((each) => each.startsWith("watch")).length >= 3);
  assert.equal(api.asked.filter((each) => each === "list").length, 1);
  assert.deepEqual(told, []);
});

test("an API that can't be reached, or is another one, is told, and asked again", async (t) => {
  const api = await startPodReplay();
  t.after(() => api.close());
  const other = await startPodReplay();
  const token = await api.token("agent");
  const stranger = open(t, { ...api, ca: other.ca }, { token });
  await eventually("a certificate's refusal", () => stranger.told.length > 0);
  assert.match(stranger.told[0]?.why ?? "", /can't be asked: .*certificate/);
  await other.close();
  const gone = open(t, other, { token });
  await eventually("a refused connection", () => gone.told.length > 0);
  assert.match(gone.told[0]?.why ?? "", /can't be asked: .*ECONNREFUSED/);
});

test("a machine that is called otherwise than its node is told so, and who named a node that has no pods, once", async (t) => {
  const api = await startPodReplay();
  t.after(() => api.close());
  const unbound = await api.token("agent", {});
  const { told } = open(t, api, { token: unbound });
  await eventually("an empty list", () => told.length > 0);
  assert.match(told[0]?.why ?? "", /the API has no pods on a node ".*", as this machine calls itself$/);
  assert.match(told[0]?.hint ?? "", /^set NODE_NAME/);
  const named = open(t, api, { token: unbound, node: "node-7" });
  await eventually("another empty list", () => named.told.length > 0);
  const why = 'the API has no pods on a node "node-7", as NODE_NAME says';
  assert.equal(named.told[0]?.why, why);
  // An API that was away, and answers the same again, is no news.
  const other = await api.token("agent", {});
  api.revoke(unbound);
  await api.interrupt(true);
  await eventually("a refusal", () => named.told.length === 2);
  named.setToken(other);
  await eventually("a third empty list", () => named.cluster.missing()[0]?.why === why);
  assert.equal(named.told.length, 2);
});

test("a node whose first pod comes while it is watched has its labels, and nothing is missing any more", async (t) => {
  const api = await startPodReplay();
  t.after(() => api.close());
  const { cluster, told } = open(t, api, { token: await api.token("agent"), node: "node-7" });
  await eventually("an empty list", () => told.length > 0);
  // The replay tells its events to all watches.
  await api.change("add");
  await eventually("nothing missing", () => cluster.missing().length === 0);
  assert.ok(cluster.of(await api.uid(podNames.job)));
  assert.equal(told.length, 1);
});

test("a token that names its pod and not its node, as before Kubernetes 1.30, is enough to find it", async (t) => {
  const api = await startPodReplay();
  t.after(() => api.close());
  const claims = { "kubernetes.io": { namespace: "shop", pod: { name: podNames.agent } } };
  const { cluster } = open(t, api, { token: await api.token("agent", claims) });
  const shop = await api.uid(podNames.shop);
  await eventually("labels", () => cluster.of(shop));
  assert.equal(api.asked[0], `get ${podNames.agent}`);
});

test("without a cluster nothing is asked; labels without one are refused with what to do", () => {
  const nowhere = {
    serviceHost: "",
    servicePort: "",
    accountFolder: "/nonexistent",
    nodeName: "",
    kubeconfigs: [],
    home: "/nonexistent",
  };
  const accessFor = (selection: Selection): unknown => clusterAccess(selection, undefined, nowhere);
  assert.equal(accessFor({ all: true }), undefined);
  for (const selection of [{ labels: ["app"] }, { all: true, not: { labels: ["app"] } }])
    assert.throws(
      () => accessFor(selection),
      (error) =>
        error instanceof AgentError && error.code === "no-cluster" && /--kubeconfig/.test(error.hint ?? ""),
    );
});
