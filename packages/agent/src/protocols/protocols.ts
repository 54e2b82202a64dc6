import { amqp } from "./amqp/amqp.js";
import { cassandra } from "./cassandra/cassandra.js";
import { dns } from "./dns/dns.js";
import { fastcgi } from "./fastcgi/fastcgi.js";
import { http1 } from "./http1/http1.js";
import { http2 } from "./http2/http2.js";
import { kafka } from "./kafka/kafka.js";
import { memcached } from "./memcached/memcached.js";
import { mongodb } from "./mongodb/mongodb.js";
import { mysql } from "./mysql/mysql.js";
import { postgresql } from "./postgresql/postgresql.js";
import { redis } from "./redis/redis.js";
import type { Protocol } from "./wire.js";

/** protocols are all that a connection may speak. */
export const protocols: readonly Protocol[] = [
  http1,
  http2,
  postgresql,
  redis,
  mysql,
  dns,
  kafka,
  mongodb,
  memcached,
  amqp,
  cassandra,
  fastcgi,
];
