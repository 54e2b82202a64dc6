import assert from "node:assert/strict";
import { test } from "node:test";
import { openElf } from "../elf/read.js";
import { goIsMissing, helloSource, npmFixtures, openWorkshop, run } from "../testing/go-program.js";
import { parseModuleInfo, readGoBuildInfo } from "./build-info.js";
import { isSince, parseGoVersion } from "./version.js";

test("programs from npm tell their Go release, in both forms of the header", (t) => {
  const fixtures = npmFixtures();
  if (fixtures.length === 0) return t.skip("npm installed no Go program for this platform");
  for (const fixture of fixtures) {
    using elf = openElf(fixture.path);
    const build = readGoBuildInfo(elf);
    assert.ok(build?.goVersion.startsWith(fixture.version), `${fixture.path}: ${build?.goVersion}`);
    assert.equal(build?.path, fixture.package);
    assert.ok((build?.dependencies.length ?? 0) > 0);
  }
});

test("a fresh program shows what go version -m shows", { skip: goIsMissing }, () => {
  using workshop = openWorkshop();
  const path = workshop.build("hello", helloSource, ["-ldflags=-s -w"]);
  using elf = openElf(path);
  const build = readGoBuildInfo(elf);
  assert.ok(build);
  const shown = run("go", ["version", "-m", path]);
  assert.ok(shown.startsWith(`${path}: ${build.goVersion}\n`));
  assert.match(shown, new RegExp(`\tpath\t${build.path}\n`));
  for (const [key, value] of build.settings) {
    assert.ok(
      shown.includes(`\tbuild\t${key}=${value}`) ||
        shown.includes(`\tbuild\t${key}=${JSON.stringify(value)}`),
      key,
    );
  }
  assert.equal(build.settings.get("-ldflags"), "-s -w");
});

test("a program that Go did not build has none", () => {
  using elf = openElf(process.execPath);
  assert.equal(readGoBuildInfo(elf), undefined);
});

test("modules, replacements and quoted settings are read", () => {
  const info = parseModuleInfo(
    'path\texample.com/shop\nmod\texample.com/shop\t(devel)\t\ndep\tgolang.org/x/net\tv0.1.0\th1:abc=\n=>\t../net\t(devel)\t\nbuild\t-tags="a b"\n',
  );
  assert.equal(info.main?.version, "(devel)");
  assert.equal(info.dependencies[0]?.replacedBy?.path, "../net");
  assert.equal(info.dependencies[0]?.sum, "h1:abc=");
  assert.equal(info.settings.get("-tags"), "a b");
});

test("versions of every form are read", () => {
  const rows: readonly [string, [number, number, number] | undefined][] = [
    ["go1.26.8", [1, 26, 8]],
    ["go1.21rc3", [1, 21, 0]],
    ["go1.22.4 X:nocoverageredesign", [1, 22, 4]],
    ["devel go1.27-0123456789 Mon Jan 1 00:00:00 2026", [1, 27, 0]],
    ["devel +a8e2d3c", undefined],
    ["", undefined],
  ];
  for (const [text, want] of rows) {
    const version = parseGoVersion(text);
    assert.deepEqual(version && [version.major, version.minor, version.patch], want, text);
  }
  assert.ok(isSince({ major: 1, minor: 23, patch: 0 }, 23));
  assert.ok(!isSince({ major: 1, minor: 22, patch: 9 }, 23));
});
