// Makes dist/extension.cjs: one file with the language client in it; `vscode` itself is the editor's.
import { mkdirSync, writeFileSync } from "node:fs";
import { rolldown } from "rolldown";

const build = await rolldown({
  input: new URL("src/extension.ts", import.meta.url).pathname,
  platform: "node",
  external: ["vscode"],
});
const { output } = await build.generate({ format: "cjs", codeSplitting: false, minify: true });
await build.close();
const folder = new URL("dist/", import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL("extension.cjs", folder), output[0].code);
