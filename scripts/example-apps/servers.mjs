// The servers that the programs ask, real ones, in the programs' network namespace and under the names that they know them by. Kafka
// and a MongoDB in Java are jars (`--tools`, see scripts/record-protocols.mjs); the others are Debian's.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** hosts is what the namespace's /etc/hosts says. */
export const hosts = "127.0.0.1 localhost sqlserver redis kafka mongo\n::1 localhost\n";

const mongo = `
import de.bwaldvogel.mongo.*;
import de.bwaldvogel.mongo.backend.memory.*;
public class Serve {
  public static void main(String[] args) throws Exception {
    MongoServer server = new MongoServer(new MemoryBackend().version(ServerVersion.MONGO_4_0));
    server.bind("127.0.0.1", 27017);
    Thread.sleep(6000000);
  }
}`;

// Topics that are made by the first message are not there for whoever reads them before.
const topics = `
import java.util.*;
import org.apache.kafka.clients.admin.*;
public class Topics {
  public static void main(String[] names) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", "kafka:9092"))) {
      List<NewTopic> wanted = new ArrayList<>();
      for (String name : names) wanted.add(new NewTopic(name, 1, (short) 1));
      admin.createTopics(wanted).all().get();
    }
  }
}`;

const kafka = (folder) => `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:9094
listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9094
advertised.listeners=PLAINTEXT://kafka:9092
controller.listener.names=CONTROLLER
log.dirs=${folder}/logs
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
num.partitions=1
`;

const java = (tools, which) => ["-Xmx400m", "-cp", join(tools, which, "lib", "*")];

const servers = {
  redis: ({ folder }) => ({
    command: ["redis-server", "--port", "6379", "--bind", "127.0.0.1", "--save", "", "--dir", folder],
    port: 6379,
  }),

  postgres({ folder, run, checkouts, inside }) {
    const root = "/usr/lib/postgresql";
    const bin = join(root, readdirSync(root).at(-1), "bin");
    const [uid, gid] = ["-u", "-g"].map((flag) => Number(run("id", [flag, "postgres"]).stdout));
    chownSync(folder, uid, gid);
    const data = join(folder, "data");
    run(join(bin, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], {
      uid,
      gid,
      cwd: folder,
    });
    const ask = (...args) =>
      run("ip", [...inside, "psql", "-h", "127.0.0.1", "-U", "postgres", "-X", "-q", ...args]);
    return {
      command: ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"].concat([
        join(bin, "postgres"),
        "-D",
        data,
        "-k",
        folder,
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        "fsync=off",
      ]),
      port: 5432,
      fill() {
        ask("-c", "create database sqltest");
        ask(
          "-d",
          "sqltest",
          "-f",
          join(checkouts.OBI, "test/integration/components/postgresql/accounting.sql"),
        );
      },
    };
  },

  kafka({ folder, run, tools, inside }) {
    const source = join(folder, "Topics.java");
    writeFileSync(source, topics);
    const properties = join(folder, "server.properties");
    writeFileSync(properties, kafka(folder));
    const format = ["kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c", properties];
    run("java", [...java(tools, "kafka"), ...format]);
    return {
      command: ["java", ...java(tools, "kafka"), "kafka.Kafka", properties],
      port: 9092,
      fill: () =>
        run(
          "ip",
          [...inside, "java", ...java(tools, "kafka"), source].concat(["logging", "important", "access_log"]),
        ),
    };
  },

  mongo({ folder, tools }) {
    const source = join(folder, "Serve.java");
    writeFileSync(source, mongo);
    return { command: ["java", ...java(tools, "mongo"), source], port: 27017 };
  },
};

/** startServer starts one of them and waits for its port; gives what ends it, or why there is none. */
export async function startServer(name, { namespace, folder, tools, checkouts }) {
  const place = join(folder, `server-${name}`);
  mkdirSync(place);
  chmodSync(folder, 0o755);
  const inside = ["netns", "exec", namespace];
  const run = (command, args, options = {}) => spawnSync(command, args, { encoding: "utf8", ...options });
  if ((name === "kafka" || name === "mongo") && !existsSync(join(tools, name, "lib")))
    return { problem: `needs ${name}/lib in --tools` };
  const { command, port, fill } = servers[name]({ folder: place, run, tools, checkouts, inside });
  const child = spawn("ip", [...inside, ...command], { stdio: "ignore", cwd: place });
  const gone = once(child, "exit");
  const listens = () => run("ip", [...inside, "ss", "-Hltn"]).stdout.includes(`:${port} `);
  for (let i = 0; i < 600 && child.exitCode === null && !listens(); i++) await sleep(100);
  if (child.exitCode !== null || !listens()) return { problem: `${name} does not start` };
  fill?.();
  return {
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 8000);
      await gone;
      clearTimeout(timer);
      rmSync(place, { recursive: true, force: true });
    },
  };
}

/** startDocker answers what a program asks of Docker that wants one container: it is there, under another roof. */
export async function startDocker(folder) {
  const socket = join(folder, "docker.sock");
  const server = createServer((request, response) => {
    request.resume();
    const [status, body] =
      request.method === "DELETE" || /\/(start|stop)(\?|$)/.test(request.url)
        ? [204, ""]
        : /\/containers\/create/.test(request.url)
          ? [201, JSON.stringify({ Id: "example", Warnings: [] })]
          : [200, ""];
    response.writeHead(status, {
      "api-version": "1.44",
      "content-type": body === "" ? "text/plain" : "application/json",
    });
    response.end(body);
  }).listen(socket);
  await once(server, "listening");
  return {
    host: `unix://${socket}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
