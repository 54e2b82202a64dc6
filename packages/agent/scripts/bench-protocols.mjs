// What the protocol parsers cost: replays the recordings of testdata/protocols for a second each and says nanoseconds of CPU
// per write and per exchange, recognition left out: node packages/agent/scripts/bench-protocols.mjs [NAME...]

import { protocols } from "../dist/protocols/protocols.js";
import { captureNames, loadCapture } from "../dist/protocols/testing/capture.js";

const wanted = process.argv.slice(2);
for (const name of captureNames()) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const capture = loadCapture(name);
  const protocol = protocols.find((candidate) => candidate.name === capture.protocol);
  let exchanges = 0;
  let writes = 0;
  const run = (milliseconds) => {
    exchanges = 0;
    writes = 0;
    const began = process.cpuUsage();
    const spent = () => {
      const { user, system } = process.cpuUsage(began);
      return (user + system) * 1000;
    };
    while (spent() < milliseconds * 1e6) {
      for (let round = 0; round < 20; round++) {
        const parser = protocol.open({ emit: () => exchanges++, late: false, datagram: capture.datagram });
        for (const { d, bytes, ns } of capture.chunks)
          (d === 0 ? parser.request : parser.response)(bytes, 0, bytes.length, bytes.length, ns);
        parser.close(1e12);
        writes += capture.chunks.length;
      }
    }
    return spent();
  };
  run(200);
  const ns = run(500);
  const each = (count) => (count === 0 ? "-" : String(Math.round(ns / count))).padStart(7);
  console.log(`${name.padEnd(24)} ${each(writes)} ns a write ${each(exchanges)} ns an exchange`);
}
