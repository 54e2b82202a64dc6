import { mkdirSync, writeFileSync } from "node:fs";

// PHP's FPM behind nginx: Debian's php-fpm and nginx-light. What both are asked is what the clients of nginx are answered.
const fpm = "php-fpm8.2";

export async function record(kit) {
  const where = (name) => `${kit.directory}/${name}`;
  mkdirSync(where("web"), { recursive: true });
  const scripts = {
    "hello.php": '<?php echo "hello ", $_GET["name"] ?? "nobody";',
    "post.php": '<?php echo strlen(file_get_contents("php://input"));',
    "away.php": '<?php header("Location: https://elsewhere.example/x");',
    "moved.php": '<?php header("Location: /hello.php", true, 301);',
    "broken.php": '<?php throw new Exception("no such luck");',
    "long.php":
      "<?php for ($i = 0; $i < 3; $i++) { echo str_repeat(chr(97 + $i), 8192); flush(); usleep(1000); }",
    "gone.php": '<?php http_response_code(410); error_log("it is gone"); echo "gone";',
  };
  for (const [name, text] of Object.entries(scripts)) writeFileSync(where(`web/${name}`), text);
  const port = await kit.freePort();
  writeFileSync(
    where("fpm.conf"),
    `[global]
error_log = ${where("fpm.log")}
daemonize = no
[www]
listen = 127.0.0.1:${port}
pm = static
pm.max_children = 1
user = root
group = root
catch_workers_output = no
php_admin_flag[display_errors] = off
`,
  );
  kit.start(fpm, [
    "--nodaemonize",
    "--allow-to-run-as-root",
    "-y",
    where("fpm.conf"),
    "-c",
    where("none.ini"),
  ]);
  await kit.listening(port);
  const once = await kit.proxy(port);
  const kept = await kit.proxy(port);
  const web = await kit.freePort();
  const params = ["SCRIPT_FILENAME $document_root$fastcgi_script_name", "REQUEST_METHOD $request_method"];
  const plain = [
    "REQUEST_URI",
    "QUERY_STRING",
    "CONTENT_LENGTH",
    "REMOTE_ADDR",
    "SERVER_NAME",
    "SERVER_PORT",
  ];
  for (const name of plain) params.push(`${name} $${name.toLowerCase()}`);
  params.push(
    "REQUEST_SCHEME $scheme",
    "SCRIPT_NAME $fastcgi_script_name",
    "SERVER_PROTOCOL $server_protocol",
  );
  writeFileSync(
    where("nginx.conf"),
    `user root; daemon off; pid ${where("nginx.pid")}; error_log stderr; worker_processes 1;
events {}
http {
  access_log off; client_body_temp_path ${where("body")}; proxy_temp_path ${where("p")}; fastcgi_temp_path ${where("f")};
  uwsgi_temp_path ${where("u")}; scgi_temp_path ${where("s")};
  upstream kept { server 127.0.0.1:${kept.port}; keepalive 1; }
  server { listen 127.0.0.1:${web}; root ${where("web")};
    ${params.map((each) => `fastcgi_param ${each};`).join("\n    ")}
    location / { fastcgi_pass kept; fastcgi_keep_conn on; }
    location /once { fastcgi_pass 127.0.0.1:${once.port}; rewrite ^ /hello.php break; }
  }
}
`,
  );
  kit.start("nginx", ["-c", where("nginx.conf"), "-p", kit.directory]);
  await kit.listening(web);
  const ask = async (path, options = {}) => {
    const answer = await fetch(`http://127.0.0.1:${web}${path}`, { redirect: "manual", ...options });
    await answer.arrayBuffer();
    await kit.sleep(20);
  };
  await ask("/hello.php?name=you&again=1");
  await ask("/post.php", {
    method: "POST",
    body: "b".repeat(9000),
    headers: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=b" },
  });
  await ask("/away.php");
  await ask("/moved.php");
  await ask("/broken.php");
  await ask("/missing.php");
  await ask("/gone.php", { method: "DELETE" });
  await ask("/long.php");
  await ask("/hello.php", { method: "HEAD" });
  await ask("/once?name=only");
  const [first] = kept.recordings;
  kit.write(
    "fastcgi-kept",
    "fastcgi",
    "nginx asks PHP's FPM nine times on one connection: a query, a body of 9,000 bytes with a traceparent, a Location alone and one with 301, an exception, no such script, 410 with a line for the log, 24 KB, HEAD",
    first,
  );
  kit.write(
    "fastcgi-once",
    "fastcgi",
    "nginx asks PHP's FPM once, which closes the connection",
    once.recordings[0],
  );
}
