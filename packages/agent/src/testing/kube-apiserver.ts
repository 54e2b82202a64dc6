import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "./certificate.js";
import { freePort } from "./live-peers.js";
import { containerIds, nodeName, type PodApi, podNames } from "./pod-api.js";

/** whyNoApiServer says what is missing to run a real API; false when all is there. */
export function whyNoApiServer(): string | false {
  const missing = ["kube-apiserver", "etcd", "openssl"].find(
    (name) => spawnSync("which", [name]).status !== 0,
  );
  return missing === undefined ? false : `needs ${missing} on the path`;
}

/** KubeApi is a real API server with its etcd, whatever is asked of it as its administrator. */
export interface KubeApi extends PodApi {
  readonly version: string;
  /** ask sends one request and gives the answer's status and text; as the administrator unless another token is given. */
  ask(method: string, path: string, body?: object, token?: string): Promise<{ status: number; text: string }>;
}

const admin = "go3s-test-administrator";
const patchType = "application/strategic-merge-patch+json";

/** startKubeApi starts both and makes the pods. */
export async function startKubeApi(): Promise<KubeApi> {
  const folder = mkdtempSync(join(tmpdir(), "go3s-kube-"));
  const certificate = makeCertificate();
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const saKey = join(folder, "sa.key");
  writeFileSync(saKey, keys.privateKey.export({ type: "pkcs8", format: "pem" }));
  const tokens = join(folder, "tokens.csv");
  writeFileSync(tokens, `${admin},admin,1,"system:masters"\n`);
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const etcd = spawn(
    "etcd",
    [
      ...["--data-dir", join(folder, "etcd"), "--listen-client-urls", etcdUrl],
      ...["--advertise-client-urls", etcdUrl, "--listen-peer-urls", peerUrl],
      ...["--initial-advertise-peer-urls", peerUrl, "--initial-cluster", `default=${peerUrl}`],
    ],
    { stdio: "ignore" },
  );
  const serve = (): ChildProcess =>
    spawn(
      "kube-apiserver",
      [
        ...["--etcd-servers", etcdUrl, "--bind-address", "127.0.0.1", "--secure-port", String(port)],
        ...[
          "--cert-dir",
          folder,
          "--tls-cert-file",
          certificate.cert,
          "--tls-private-key-file",
          certificate.key,
        ],
        ...["--service-account-issuer", "https://go3s.test", "--service-account-key-file", saKey],
        ...["--service-account-signing-key-file", saKey, "--token-auth-file", tokens],
        ...["--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.96.0.0/24"],
        // There is no controller that would make the service accounts that this plugin asks for.
        ...["--disable-admission-plugins", "ServiceAccount", "--endpoint-reconciler-type", "none"],
      ],
      { stdio: "ignore" },
    );
  let server = serve();
  const ca = readFileSync(certificate.cert, "utf8");

  const ask: KubeApi["ask"] = (method, path, body, token = admin) =>
    new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${token}`,
        "content-type": method === "PATCH" ? patchType : "application/json",
      };
      const sent = request({ host: "127.0.0.1", port, ca, method, path, headers, agent: false }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (piece: string) => (text += piece));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      sent.on("error", reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const must = async (method: string, path: string, body?: object): Promise<string> => {
    const { status, text } = await ask(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    return text;
  };
  const ready = async (): Promise<void> => {
    for (let tries = 0; ; tries++) {
      const answer = await ask("GET", "/readyz").catch(() => undefined);
      if (answer?.status === 200) return;
      if (tries > 600 || server.exitCode !== null) throw new Error(`no API: ${answer?.text ?? "it ended"}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  const close = async (): Promise<void> => {
    for (const program of [server, etcd]) {
      const ended = new Promise((resolve) => program.once("exit", resolve));
      if (program.exitCode === null && program.kill("SIGKILL")) await ended;
    }
    certificate.remove();
    rmSync(folder, { recursive: true, force: true });
  };

  const pods = "/api/v1/namespaces/shop/pods";
  const podUids = new Map<string, string>();
  const makePod = async (name: string, node: string, metadata: object, status: object): Promise<void> => {
    const containers = [{ name: "main", image: "shop:1.4.2" }];
    const spec = { nodeName: node, serviceAccountName: "agent", containers };
    const made: { metadata: { uid: string } } = JSON.parse(
      await must("POST", pods, { metadata: { name, ...metadata }, spec }),
    );
    podUids.set(name, made.metadata.uid);
    const startTime = "2026-11-22T20:00:00Z";
    await must("PATCH", `${pods}/${name}/status`, { status: { phase: "Running", startTime, ...status } });
  };
  const owner = (kind: string, name: string, apiVersion = "apps/v1"): object => ({
    ownerReferences: [{ kind, name, apiVersion, uid: `uid-of-${name}`, controller: true }],
  });
  const status = (name: string, id: string): object => ({
    name,
    containerID: `containerd://${id}`,
    image: "shop:1.4.2",
    imageID: "",
    ready: true,
    restartCount: 0,
  });
  const minute = Math.floor(Date.now() / 60_000);
  const job = `${podNames.job}-${minute}`;

  try {
    await ready();
    const version: { gitVersion: string } = JSON.parse(await must("GET", "/version"));
    await must("POST", "/api/v1/namespaces", { metadata: { name: "shop" } });
    await must("POST", "/api/v1/nodes", { metadata: { name: nodeName } });
    for (const name of ["agent", "nobody"])
      await must("POST", "/api/v1/namespaces/shop/serviceaccounts", { metadata: { name } });
    const rbac = "/apis/rbac.authorization.k8s.io/v1";
    await must("POST", `${rbac}/clusterroles`, {
      metadata: { name: "go3s-agent" },
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }],
    });
    await must("POST", `${rbac}/clusterrolebindings`, {
      metadata: { name: "go3s-agent" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "go3s-agent" },
      subjects: [{ kind: "ServiceAccount", name: "agent", namespace: "shop" }],
    });
    const agentOwner = owner("DaemonSet", "go3s-agent");
    await makePod(podNames.agent, nodeName, { labels: { app: "go3s" }, ...agentOwner }, {});
    const hash = "7d9f8b6c5d";
    const labels = { app: "shop", tier: "web", "pod-template-hash": hash };
    const annotations = {
      "resource.opentelemetry.io/deployment.environment.name": "staging",
      "resource.opentelemetry.io/service.name": "not-taken",
    };
    const shop = { labels, annotations, ...owner("ReplicaSet", `shop-${hash}`) };
    await makePod(podNames.shop, nodeName, shop, {
      initContainerStatuses: [status("setup", containerIds.setup)],
      containerStatuses: [status("main", containerIds.shop)],
    });
    await makePod(podNames.elsewhere, "node-2", shop, {});
    return {
      version: version.gitVersion,
      ca,
      host: "127.0.0.1",
      port,
      ask,
      async token(name) {
        const pod = { kind: "Pod", apiVersion: "v1", name: podNames.agent };
        // A kubelet binds a pod's token to the pod, which has it say the node's name. No pod runs as "nobody".
        const spec = name === "agent" ? { boundObjectRef: pod } : {};
        const path = `/api/v1/namespaces/shop/serviceaccounts/${name}/token`;
        const made: { status: { token: string } } = JSON.parse(await must("POST", path, { spec }));
        return made.status.token;
      },
      async uid(name) {
        return podUids.get(name) ?? podUids.get(job) ?? "";
      },
      async change(step) {
        if (step === "relabel")
          await must("PATCH", `${pods}/${podNames.shop}`, {
            metadata: { labels: { app: "cart", tier: null } },
          });
        else if (step === "remove") await must("DELETE", `${pods}/${job}?gracePeriodSeconds=0`);
        else
          await makePod(
            job,
            nodeName,
            { labels: { app: "shop" }, ...owner("Job", job, "batch/v1") },
            { containerStatuses: [status("main", containerIds.job)] },
          );
      },
      async interrupt(forgets) {
        const ended = new Promise((resolve) => server.once("exit", resolve));
        server.kill("SIGKILL");
        await ended;
        if (forgets) {
          // What etcd has compacted can't be watched from: that is 410.
          const put = { key: "Z28zcw==", value: "Z28zcw==" };
          const post = (path: string, body: object): { header: { revision: string } } =>
            JSON.parse(
              execFileSync("curl", ["-sf", `${etcdUrl}/v3/kv/${path}`, "-d", JSON.stringify(body)], {
                encoding: "utf8",
              }),
            );
          const { revision } = post("put", put).header;
          post("compaction", { revision, physical: true });
        }
        server = serve();
        await ready();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
