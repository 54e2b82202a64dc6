// Compiles what is typed on the page, beside the server: a program of many lines keeps no telemetry waiting. Nothing but the
// server's messages keeps it alive, so it ends with the server.
import { checkProbe } from "./check.js";
import { type CheckTold, isOrder } from "./messages.js";

process.on("message", (message) => {
  if (!isOrder(message) || message.type !== "check") return;
  const told: CheckTold = { type: "checked", id: message.id, check: checkProbe(message.program) };
  if (process.connected) process.send?.(told);
});
process.on("SIGINT", () => undefined);
