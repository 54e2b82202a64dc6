import { checkCapture, type Told } from "../testing/check.js";
import { memcached } from "./memcached.js";

const told = (words: string): Told[] =>
  words.split(" ").map((word) => [word, { "db.system.name": "memcached" }]);

checkCapture(memcached, "memcached-text", [
  ...told("set get get"),
  ["gets", { "db.operation.batch.size": 3 }],
  ...told("add set get"),
  ["incr", { "db.response.status_code": "CLIENT_ERROR" }, "CLIENT_ERROR"],
  ...told("set incr set delete touch"),
  ["other", {}, "ERROR"],
  ...told("stats version set set"),
  ["get", { "db.operation.batch.size": 2 }],
  ...told("delete"),
]);
checkCapture(memcached, "memcached-meta", [
  ...told("ms mg mg mg md"),
  ["mn", { "db.operation.batch.size": 2 }],
  ...told("ma me"),
]);
checkCapture(memcached, "memcached-binary", told("set get get add incr delete stats"));
