import assert from "node:assert/strict";
import { test } from "node:test";
import { newRouteTable, routeOf } from "./routes.js";

test("routeOf leaves method and host away", () => {
  assert.equal(routeOf("/a"), "/a");
  assert.equal(routeOf("GET /a/{b}"), "/a/{b}");
  assert.equal(routeOf("POST example.com/a/"), "/a/");
});

test("chi's patterns of routers within routers become one, as its RoutePattern makes them", () => {
  assert.equal(routeOf("/api/*\0/v1/*\0/users/{id}"), "/api/v1/users/{id}");
  assert.equal(routeOf("/api/*\0/"), "/api");
  assert.equal(routeOf("/*\0/"), "/");
  assert.equal(routeOf("/files/*\0/*"), "/files/*");
});

// Each row: what the process was seen to match, then a request nobody has seen, and what its mux would answer.
const cases: readonly {
  learned: readonly string[];
  method: string;
  host?: string;
  path: string;
  want: string | undefined;
}[] = [
  { learned: ["/users/{id}"], method: "GET", path: "/users/7", want: "/users/{id}" },
  { learned: ["/users/{id}", "/users/me"], method: "GET", path: "/users/me", want: "/users/me" },
  { learned: ["/users/{id}"], method: "GET", path: "/users/7/orders", want: undefined },
  { learned: ["/", "/static/"], method: "GET", path: "/static/a/b.css", want: "/static/" },
  { learned: ["/", "/static/"], method: "GET", path: "/other", want: "/" },
  { learned: ["/{$}"], method: "GET", path: "/", want: "/{$}" },
  { learned: ["/{$}"], method: "GET", path: "/x", want: undefined },
  { learned: ["GET /a", "/a"], method: "HEAD", path: "/a", want: "/a" },
  { learned: ["POST /a"], method: "GET", path: "/a", want: undefined },
  { learned: ["/files/{path...}"], method: "GET", path: "/files/a/b", want: "/files/{path...}" },
  { learned: ["/files/{path:*}"], method: "GET", path: "/files/a/b", want: "/files/{path:*}" },
  { learned: ["/b/{x}", "/b/{x}/{y...}"], method: "GET", path: "/b/1", want: "/b/{x}" },
  { learned: ["/", "api.example.com/"], method: "GET", host: "api.example.com:80", path: "/q", want: "/" },
  { learned: ["/users/{id}"], method: "GET", path: "/users/", want: undefined },
  { learned: ["/u/:id", "/u/me"], method: "GET", path: "/u/7", want: "/u/:id" },
  { learned: ["/u/:id", "/u/me"], method: "GET", path: "/u/me", want: "/u/me" },
  { learned: ["/u/{id:[0-9]+}"], method: "GET", path: "/u/7", want: "/u/{id:[0-9]+}" },
  { learned: ["/u/{id:[0-9]+}", "/u/{name:[a-z]+}"], method: "GET", path: "/u/7", want: undefined },
  { learned: ["/static/*filepath"], method: "GET", path: "/static/a/b", want: "/static/*filepath" },
  { learned: ["/api/*\0/users/{id}"], method: "GET", path: "/api/users/7", want: "/api/users/{id}" },
];

for (const { learned, method, host, path, want } of cases) {
  test(`${method} ${path} with ${learned.join(", ")} gives ${want}`, () => {
    const table = newRouteTable();
    for (const pattern of learned) table.learn("PUT", "/never/asked", pattern);
    assert.equal(table.find(method, host ?? "", path), want);
  });
}

test("what was seen itself needs no rule", () => {
  const table = newRouteTable();
  table.learn("GET", "/odd", "/{anything}");
  assert.ok(table.isExact("GET", "/odd"));
  assert.equal(table.find("GET", "", "/odd"), "/{anything}");
  assert.equal(table.isExact("GET", "/other"), false);
});
