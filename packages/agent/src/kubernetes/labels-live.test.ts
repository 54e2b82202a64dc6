import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startAgent } from "../agent.js";
import { whyNoLiveTests } from "../testing/go-service.js";
import { startKubeApi, whyNoApiServer } from "../testing/kube-apiserver.js";
import { linesOf } from "../testing/lines.js";
import { attributeOf, newSpanCollector } from "../testing/live-peers.js";
import { newCgroup, type OwnCgroup } from "../testing/own-cgroup.js";
import { containerIds, type PodApi, podNames } from "../testing/pod-api.js";
import { startPodReplay } from "../testing/pod-replay.js";
import { eventually } from "../testing/wait.js";

const server =
  "const s=require('http').createServer((q,r)=>r.end('ok')).listen(0,'127.0.0.1',()=>console.log(s.address().port))";

interface Service {
  readonly pid: number;
  ask(path: string): Promise<void>;
}

async function serve(cgroup: OwnCgroup): Promise<Service> {
  const child: ChildProcess = cgroup.run([process.execPath, "-e", server]);
  const port = Number(await linesOf(child).next());
  return {
    pid: child.pid ?? 0,
    async ask(path) {
      const sent = get({ host: "127.0.0.1", port, path, agent: false });
      const [answer] = await once(sent, "response");
      await once(answer.resume(), "end");
    },
  };
}

const apis: readonly [name: string, skip: string | false, start: () => Promise<PodApi>][] = [
  ["what a kube-apiserver said", false, () => startPodReplay()],
  ["a kube-apiserver of its own", whyNoApiServer(), startKubeApi],
];

for (const [name, skip, start] of apis)
  test(`by labels of ${name}: the pods that have them are watched, and no more or from then on as they change`, {
    skip: whyNoLiveTests() ?? skip,
  }, async (t) => {
    const api = await start();
    t.after(() => api.close());
    const folder = mkdtempSync(join(tmpdir(), "go3s-labels-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const kubeconfig = join(folder, "config");
    const ca = Buffer.from(api.ca).toString("base64");
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        "current-context": "c",
        contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
        clusters: [
          {
            name: "c",
            cluster: { server: `https://${api.host}:${api.port}`, "certificate-authority-data": ca },
          },
        ],
        users: [{ name: "u", user: { token: await api.token("agent") } }],
      }),
    );
    const inPod = (uid: string, container: string): OwnCgroup => {
      const cgroup = newCgroup(`go3s-test-kubepods-pod${uid}-cri-containerd-${container}.scope`);
      t.after(() => cgroup.remove());
      return cgroup;
    };
    const shop = await serve(inPod(await api.uid(podNames.shop), containerIds.shop));
    const other = await serve(inPod(await api.uid(podNames.agent), "a".repeat(64)));
    const { spans, exporter } = newSpanCollector();
    const agent = await startAgent({
      selection: { labels: ["app in (shop)", "app=cart"], not: { labels: ["app=cart,tier!=web"] } },
      kubeconfig,
      exclude: [process.pid],
      exporter,
    });
    t.after(() => agent.close());
    const watched = (): number[] =>
      agent
        .report()
        .processes.filter((each) => each.watched)
        .map(({ pid }) => pid);
    await eventually("the shop's process", () => watched().includes(shop.pid));
    assert.ok(!watched().includes(other.pid));
    await shop.ask("/first");
    await other.ask("/other");
    const first = await eventually("a span", () =>
      spans.find((span) => attributeOf(span, "url.path") === "/first"),
    );
    assert.ok(first);

    // Its label makes it one that is left out.
    await api.change("relabel");
    await eventually("no process", () => !watched().includes(shop.pid));
    await shop.ask("/unseen");

    // The process is there before its pod is told of.
    await api.change("add");
    const job = await serve(inPod(await api.uid(podNames.job), containerIds.job));
    await eventually("the job's process", () => watched().includes(job.pid));
    await job.ask("/job");
    await eventually("its span", () => spans.find((span) => attributeOf(span, "url.path") === "/job"));
    const paths = spans.map((span) => attributeOf(span, "url.path"));
    assert.ok(!paths.includes("/other") && !paths.includes("/unseen"), paths.join());
    assert.deepEqual(
      agent.report().missing.filter(({ what }) => what.startsWith("Kubernetes")),
      [],
    );
  });
