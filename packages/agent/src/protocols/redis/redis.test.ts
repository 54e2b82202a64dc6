import { checkCapture, type Told } from "../testing/check.js";
import { redis } from "./redis.js";

const in0 = { "db.system.name": "redis", "db.namespace": "0" };
const status = (code: string) => ({ "db.response.status_code": code });

// What ioredis says first; this server is too old for one of it.
const hello: readonly Told[] = [
  ["hello", {}],
  ["client SETINFO", {}, "ERR"],
  ["client SETINFO", {}, "ERR"],
];

checkCapture(redis, "redis-commands", [
  ...hello,
  ["set", { ...in0, "db.query.text": "set ? ?" }],
  ["get", { ...in0, "db.query.text": "get ?" }],
  ["get", in0],
  ["set", in0],
  ["get", in0],
  ["lpush", status("WRONGTYPE"), "WRONGTYPE"],
  ["rpush", { "db.query.text": "rpush ? ? ? ?" }],
  ["lrange", {}],
  ["config GET", { "db.query.text": "config GET ?" }],
  ["select", in0],
  ["hset", { "db.namespace": "3" }],
  ["hgetall", { "db.namespace": "3" }],
  ["NOSUCH", status("ERR"), "ERR"],
]);

checkCapture(redis, "redis-pipeline", [
  ...hello,
  ["incr", in0],
  ["incr", in0],
  ["get", in0],
  ["lpop", {}, "WRONGTYPE"],
  ["del", in0],
  ["multi", in0],
  ["set", in0],
  ["incr", in0],
  ["exec", in0],
  ["ping", in0],
]);

checkCapture(redis, "redis-subscriber", [
  ...hello,
  ["subscribe", {}],
  ["MESSAGE", { "messaging.destination.name": "news" }],
  ["MESSAGE", { "messaging.destination.name": "sport" }],
  ["unsubscribe", {}],
  ["ping", {}],
]);

checkCapture(redis, "redis-publisher", [...hello, ["publish", {}], ["publish", {}]]);

checkCapture(redis, "redis-resp3", [
  ["HELLO", {}],
  ["HSET", {}],
  ["HGETALL", {}],
  ["ZADD", {}],
  ["ZSCORE", {}],
  ["CLIENT TRACKING", {}],
  ["GET", {}, "WRONGTYPE"],
  ["SMEMBERS", {}],
  ["SUBSCRIBE", {}],
  ["MESSAGE", { "messaging.destination.name": "own" }],
  ["PUBLISH", {}],
  ["PING", {}],
  ["SET", { "db.query.text": "SET ? ?" }],
  ["GET", {}],
]);
