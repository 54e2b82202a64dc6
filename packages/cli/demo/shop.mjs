// The Node half of the demo shop: inventory, payments and the shoppers; storefront and checkout too where no Go is found.
// Chosen by SHOP_ROLE. Plain node:http, no telemetry in it.
import { Agent, createServer, request } from "node:http";

const { SHOP_ROLE, SHOP_INVENTORY, SHOP_PAYMENTS, SHOP_CHECKOUT, SHOP_STOREFRONT } = process.env;
const agent = new Agent({ keepAlive: true });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const upTo = (n) => Math.floor(Math.random() * n);

/** call sends a request and gives the status; 502 when nobody answers. */
function call(method, url) {
  return new Promise((resolve) => {
    const out = request(url, { method, agent }, (answer) => {
      answer.resume();
      answer.once("end", () => resolve(answer.statusCode));
      answer.once("error", () => resolve(502));
    });
    out.once("error", () => resolve(502));
    out.end();
  });
}

const roles = {
  async inventory() {
    await pause(1 + upTo(4));
    return upTo(60) === 0 ? 404 : 200;
  },
  async payments() {
    await pause(upTo(25) === 0 ? 120 : 4 + upTo(6));
    return upTo(30) === 0 ? 503 : 200;
  },
  async storefront(method, path) {
    if (path.startsWith("/products/")) return call("GET", `${SHOP_INVENTORY}/stock/${path.split("/")[2]}`);
    if (method === "POST") return call("POST", `${SHOP_CHECKOUT}/orders?user=${path.split("/")[2]}`);
    return 200;
  },
  async checkout() {
    await Promise.all(
      Array.from({ length: 1 + upTo(4) }, () => call("POST", `${SHOP_INVENTORY}/stock/${upTo(50)}/reserve`)),
    );
    return (await call("POST", `${SHOP_PAYMENTS}/charge`)) >= 500 ? 502 : 201;
  },
};

/** shop visits the storefront as people do, for ever: most look, some buy. */
async function shop() {
  for (;;) {
    await call("GET", `${SHOP_STOREFRONT}/`);
    for (let i = upTo(4); i > 0; i--) await call("GET", `${SHOP_STOREFRONT}/products/${upTo(50)}`);
    if (upTo(2) === 0) await call("POST", `${SHOP_STOREFRONT}/cart/user-${upTo(200)}/checkout`);
    await pause(50 + upTo(200));
  }
}

// The demo's parent holds our standard input: when it goes, we go.
process.stdin.once("end", () => process.exit(0)).resume();

if (SHOP_ROLE === "shoppers") {
  for (let i = 0; i < 5; i++) void shop();
} else {
  const role = roles[SHOP_ROLE];
  const server = createServer((req, res) => {
    const path = new URL(req.url, "http://shop").pathname;
    role(req.method, path).then((status) => {
      res.writeHead(status, { "content-type": "application/json" });
      res.end(JSON.stringify({ status }));
    });
  });
  server.listen(0, "127.0.0.1", () => process.stdout.write(`listening ${server.address().port}\n`));
}
