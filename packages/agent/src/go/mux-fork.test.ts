import assert from "node:assert/strict";
import { test } from "node:test";
import { buildGoService, whyNoModule } from "../testing/go-service.js";
import { attributeOf } from "../testing/live-peers.js";
import { whileObserved } from "../testing/observed-service.js";
import { eventually } from "../testing/wait.js";

const source = `package main

import (
	"fmt"
	"net"
	"net/http"

	"github.com/minio/mux"
)

func main() {
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	router := mux.NewRouter().SkipClean(true).UseEncodedPath()
	bucket := router.PathPrefix("/").Subrouter().PathPrefix("/{bucket}").Subrouter()
	bucket.Methods("GET").Path("/{object:.+}").HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, mux.Vars(r)["object"])
	})
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, router)
}
`;

const module = "github.com/minio/mux@v1.9.2";

for (const flags of ["", "-ldflags=-s -w"]) {
  const name = flags === "" ? "with debug information" : "stripped";
  test(`MinIO's fork of gorilla/mux tells routes, ${name}`, { skip: whyNoModule(module) }, () =>
    whileObserved(
      buildGoService(source, ["-mod=mod", ...(flags === "" ? [] : [flags])], [module]),
      async ({ client, spans }) => {
        await client.get("/bucket/a/b");
        const [span] = await eventually("its span", () => (spans.length > 0 ? spans : undefined));
        assert.equal(span === undefined ? "" : attributeOf(span, "http.route"), "/{bucket}/{object:.+}");
      },
    ),
  );
}
