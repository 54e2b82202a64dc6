import assert from "node:assert/strict";
import { test } from "node:test";
import { openGoBinary } from "@go3s/binary";
import { buildGoService, newestGo, whyNoLiveTests, whyNoToolchain } from "../testing/go-service.js";
import { pointerTypeNames } from "./type-name.js";

const source = `package main

import "fmt"

type Order struct{ id int }
type Refusal struct{ code int }

func main() { fmt.Println(&Order{1}, &Refusal{2}) }
`;

for (const [toolchain, missing] of [
  ["local", false],
  [newestGo, whyNoToolchain(newestGo)],
] as const)
  test(`types say their names by offsets that are found in the file (${toolchain})`, {
    skip: whyNoLiveTests() ?? missing,
  }, () => {
    for (const flags of [["-ldflags=-s -w"], ["-buildmode=pie"]]) {
      const program = buildGoService(source, flags, [], toolchain);
      try {
        using binary = openGoBinary(program.path);
        const found = pointerTypeNames(binary, ["*main.Order", "*main.Refusal"]);
        assert.ok(found?.length === 2 && found[0] !== found[1], `${flags}: ${found}`);
        assert.equal(pointerTypeNames(binary, ["*main.Order", "*main.Missing"]), undefined);
      } finally {
        program.remove();
      }
    }
  });
