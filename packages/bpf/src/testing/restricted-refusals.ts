import { runRefusals } from "./refusal-run.js";

// Run as a process of its own with CAP_BPF alone: says what it was refused, a JSON value a line.
for (const { name, wanted, explanation } of runRefusals(true)) {
  process.stdout.write(`${JSON.stringify({ name, wanted: wanted.kind, explanation })}\n`);
}
