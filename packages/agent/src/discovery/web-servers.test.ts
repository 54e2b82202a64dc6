import assert from "node:assert/strict";
import { test } from "node:test";
import { isWebServer } from "./web-servers.js";

test("web servers are known by their programs' names, whole ones", () => {
  for (const executable of ["/usr/sbin/nginx", "/opt/envoy", "/usr/sbin/apache2"])
    assert.ok(isWebServer({ executable }), executable);
  for (const executable of ["/usr/lib/postgresql/15/bin/postgres", "/usr/sbin/sshd", "/srv/nginx-exporter"])
    assert.ok(!isWebServer({ executable }), executable);
});
