import assert from "node:assert/strict";
import { test } from "node:test";
import { containerId, identify, parseResourceAttributes, podUid, programName } from "./identity.js";
import type { ProcessFacts } from "./proc.js";

function facts(more: Partial<ProcessFacts> & { env?: Record<string, string> }): ProcessFacts {
  return {
    pid: 7,
    startTicks: 1,
    stack: 0,
    network: 0,
    parent: 1,
    executable: "/usr/bin/shop",
    command: ["/usr/bin/shop"],
    cgroup: "0::/\n",
    environment: new Map(Object.entries(more.env ?? {})),
    ...more,
  };
}

const names: readonly { name: string; executable: string; command: readonly string[]; want: string }[] = [
  {
    name: "a compiled program",
    executable: "/srv/checkout",
    command: ["./checkout", "-v"],
    want: "checkout",
  },
  {
    name: "a node script",
    executable: "/usr/bin/node",
    command: ["node", "--inspect", "cart.mjs"],
    want: "cart",
  },
  {
    name: "a preload is not the script",
    executable: "/usr/bin/node",
    command: ["node", "-r", "x.js", "cart.js"],
    want: "cart",
  },
  {
    name: "a dull file name",
    executable: "/usr/bin/node",
    command: ["node", "/srv/pay/dist/index.js"],
    want: "pay",
  },
  {
    name: "a python module",
    executable: "/usr/bin/python3.11",
    command: ["python3", "-m", "gunicorn"],
    want: "gunicorn",
  },
  {
    name: "a jar",
    executable: "/usr/bin/java",
    command: ["java", "-Xmx1g", "-jar", "/opt/ship.jar"],
    want: "ship",
  },
  {
    name: "a title in the command line's place",
    executable: "/usr/bin/ruby3.1",
    command: ["puma 5.6.5 (tcp://0.0.0.0:9292) [shop]", "", ""],
    want: "puma",
  },
  {
    name: "a file with several names",
    executable: "/usr/bin/redis-check-rdb",
    command: ["/usr/bin/redis-server 127.0.0.1:6379", "", ""],
    want: "redis-server",
  },
  {
    name: "a worker's title",
    executable: "/usr/bin/python3.11",
    command: ["gunicorn: worker [shop:app]"],
    want: "gunicorn",
  },
  {
    name: "code on the command line",
    executable: "/usr/bin/node",
    command: ["node", "-e", "1"],
    want: "node",
  },
];

for (const { name, executable, command, want } of names) {
  test(`programName: ${name}`, () => assert.equal(programName({ executable, command }), want));
}

test("OTEL_SERVICE_NAME wins over OTEL_RESOURCE_ATTRIBUTES, which wins over the executable", () => {
  const both = { OTEL_SERVICE_NAME: "a", OTEL_RESOURCE_ATTRIBUTES: "service.name=b,service.version=1.2" };
  const first = identify(facts({ env: both }), { name: "go", version: "1.26.8" });
  assert.equal(first.serviceName, "a");
  assert.equal(first.attributes.get("service.name"), "a");
  assert.equal(first.attributes.get("service.version"), "1.2");
  assert.equal(first.attributes.get("process.runtime.version"), "1.26.8");
  assert.equal(
    identify(facts({ env: { OTEL_RESOURCE_ATTRIBUTES: "service.name=b" } }), undefined).serviceName,
    "b",
  );
  assert.equal(identify(facts({}), undefined).serviceName, "shop");
});

test("resource attributes are percent-decoded; broken pairs cost only themselves", () => {
  assert.deepEqual(
    [...parseResourceAttributes("a=b%20c, =x,nope,d=%zz")],
    [
      ["a", "b c"],
      ["d", "%zz"],
    ],
  );
});

test("container and pod come from the cgroup path of docker, containerd and systemd drivers", () => {
  const id = "0123456789abcdef".repeat(4);
  assert.equal(containerId(`0::/system.slice/docker-${id}.scope\n`), id);
  const pods = `0::/kubepods/burstable/pod11111111-2222-3333-4444-555555555555/${id}\n`;
  assert.equal(containerId(pods), id);
  assert.equal(podUid(pods), "11111111-2222-3333-4444-555555555555");
  assert.equal(
    podUid("0::/kubepods.slice/kubepods-pod11111111_2222_3333_4444_555555555555.slice/x\n"),
    "11111111-2222-3333-4444-555555555555",
  );
  assert.equal(containerId("0::/user.slice/user-0.slice\n"), undefined);
});

test("a pod out of a file on the node is called by 32 digits", () => {
  const uid = "0123456789abcdef0123456789abcdef";
  assert.equal(podUid(`0::/kubepods/burstable/pod${uid}/${"a".repeat(64)}\n`), uid);
  assert.equal(podUid(`0::/libpod-${"a".repeat(64)}.scope\n`), undefined);
});

test("what the process was given itself comes before what the API says of its pod", () => {
  const uid = "11111111-2222-3333-4444-555555555555";
  const id = "0123456789abcdef".repeat(4);
  const pod = {
    namespace: "shop",
    name: "shop-1",
    labels: new Map([["app", "shop"]]),
    attributes: new Map([
      ["k8s.pod.label.app", "shop"],
      ["k8s.node.name", "node-1"],
    ]),
    containers: new Map([[id, "main"]]),
  };
  const env = { OTEL_RESOURCE_ATTRIBUTES: "k8s.container.name=mine,k8s.node.name=n" };
  const { attributes, labels } = identify(
    facts({ env, cgroup: `0::/kubepods/pod${uid}/${id}\n` }),
    undefined,
    { of: (asked) => (asked === uid ? pod : undefined) },
  );
  assert.equal(attributes.get("k8s.container.name"), "mine");
  assert.equal(attributes.get("k8s.node.name"), "n");
  assert.equal(attributes.get("k8s.pod.label.app"), "shop");
  assert.equal(attributes.get("k8s.pod.name"), "shop-1");
  assert.deepEqual(labels, pod.labels);
});
