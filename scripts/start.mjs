// `npm start`. Only what Node 12 can parse stands here, so that an old Node gets a sentence instead of a syntax error.

const floor = [20, 19];
const version = process.versions.node.split(".").map(Number);
if (version[0] < floor[0] || (version[0] === floor[0] && version[1] < floor[1])) {
  console.error(
    `Go3s needs Node >= ${floor.join(".")}; this is ${process.versions.node} (${process.execPath}).`,
  );
  console.error("Install a newer one (https://nodejs.org) and run npm start again.");
  process.exitCode = 1;
} else {
  import("./start-all.mjs").catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}
