import { checkCapture, type Told } from "../testing/check.js";
import { redis } from "./redis.js";

const in0 = { "db.system.name": "redis", "db.namespace": "0" };
const status = (code: string) => ({ "db.response.status_code": code });

// What ioredis says first; this server is too old for one of it.
const hello: readonly Told[] = [
  ["HELLO", {}],
  ["CLIENT SETINFO", {}, "ERR"],
  ["CLIENT SETINFO", {}, "ERR"],
];

checkCapture(redis, "redis-commands", [
  ...hello,
  ["SET", { ...in0, "db.query.text": "SET ? ?" }],
  ["GET", { ...in0, "db.query.text": "GET ?" }],
  ["GET", in0],
  ["SET", in0],
  ["GET", in0],
  ["LPUSH", status("WRONGTYPE"), "WRONGTYPE"],
  ["RPUSH", { "db.query.text": "RPUSH ? ? ? ?" }],
  ["LRANGE", {}],
  ["CONFIG GET", { "db.query.text": "CONFIG GET ?" }],
  ["SELECT", in0],
  ["HSET", { "db.namespace": "3" }],
  ["HGETALL", { "db.namespace": "3" }],
  ["NOSUCH", status("ERR"), "ERR"],
]);

checkCapture(redis, "redis-pipeline", [
  ...hello,
  ["INCR", in0],
  ["INCR", in0],
  ["GET", in0],
  ["LPOP", {}, "WRONGTYPE"],
  ["DEL", in0],
  ["MULTI", in0],
  ["SET", in0],
  ["INCR", in0],
  ["EXEC", in0],
  ["PING", in0],
]);

checkCapture(redis, "redis-subscriber", [
  ...hello,
  ["SUBSCRIBE", {}],
  ["MESSAGE", { "messaging.destination.name": "news" }],
  ["MESSAGE", { "messaging.destination.name": "sport" }],
  ["UNSUBSCRIBE", {}],
  ["PING", {}],
]);

checkCapture(redis, "redis-publisher", [...hello, ["PUBLISH", {}], ["PUBLISH", {}]]);

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
