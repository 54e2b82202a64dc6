// The rows and columns of the matrix.

/** releases are of each minor release, one of the last; 1.26 is the one on this machine. */
export const releases = [
  "1.17.13",
  "1.18.10",
  "1.19.13",
  "1.20.14",
  "1.21.13",
  "1.22.12",
  "1.23.12",
  "1.24.13",
  "1.25.5",
  "1.26.8",
  "1.27.4",
];

/** shapes are ways to build a program; `since` is the first minor release that can. */
export const shapes = [
  { name: "plain", title: "plain", flags: [] },
  { name: "stripped", title: '`-ldflags="-s -w"`', flags: ["-ldflags=-s -w"] },
  { name: "pie", title: "`-buildmode=pie`", flags: ["-buildmode=pie"] },
  { name: "trimpath", title: "`-trimpath`", flags: ["-trimpath"] },
  { name: "cgo", title: "cgo", flags: [], file: "shapes/cgo.go", env: { CGO_ENABLED: "1" } },
  { name: "vendored", title: "vendored", flags: ["-mod=vendor"], file: "shapes/vendored.go", vendored: true },
  { name: "generics", title: "generics", flags: [], file: "shapes/generics.go", since: 18 },
];
