const head = `
import asyncio, random, sys
back = sys.argv[1]
`;

/**
 * fastApiService asks the server at the address in its first argument \`n\` times for each request \`/HOW/NAME?n=N\`, with the path \`/of-NAME\`; in a
 * background task, which begins when the answer is written, with \`/behind-NAME\`. Its loop is the one of its second argument. With a third one each
 * request begins in an empty context, where uvicorn can do that. It prints its port.
 */
export const fastApiService = `${head}
import httpx, inspect, socket, uvicorn
from fastapi import BackgroundTasks, FastAPI
app = FastAPI()
client = httpx.AsyncClient()
async def ask(name):
    await asyncio.sleep(random.random() * 0.01)
    sys.stderr.write("for %s\\n" % name)
    await client.get(back + "/of-" + name)
@app.get("/turns/{name}")
async def turns(name: str, n: int):
    for _ in range(n): await ask(name)
@app.get("/limited/{name}")
async def limited(name: str, n: int):
    for _ in range(n): await asyncio.wait_for(ask(name), 5)
@app.get("/together/{name}")
async def together(name: str, n: int):
    await asyncio.gather(*(ask(name) for _ in range(n)))
@app.get("/thread/{name}")
def thread(name: str, n: int):
    for _ in range(n):
        sys.stderr.write("for %s\\n" % name)
        httpx.get(back + "/of-" + name)
@app.get("/behind/{name}")
async def behind(name: str, n: int, tasks: BackgroundTasks):
    async def later():
        await asyncio.sleep(random.random() * 0.01)
        await client.get(back + "/behind-" + name)
    tasks.add_task(later)
    for _ in range(n): await ask(name)
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(64)
print(listener.getsockname()[1], flush=True)
more = {"reset_contextvars": True} if len(sys.argv) > 3 and "reset_contextvars" in inspect.signature(uvicorn.Config).parameters else {}
uvicorn.Server(uvicorn.Config(app, loop=sys.argv[2], log_level="error", **more)).run(sockets=[listener])
`;

/** aiohttpService does the same as fastApiService for \`/turns/NAME\`, with one task for each connection. */
export const aiohttpService = `${head}
from aiohttp import ClientSession, web
async def turns(request):
    name = request.match_info["name"]
    for _ in range(int(request.query["n"])):
        await asyncio.sleep(random.random() * 0.01)
        sys.stderr.write("for %s\\n" % name)
        async with request.app["client"].get(back + "/of-" + name) as answer: await answer.read()
    return web.Response(text="ok")
async def main():
    app = web.Application()
    app["client"] = ClientSession()
    app.router.add_get("/turns/{name}", turns)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
if sys.argv[2] == "uvloop":
    import uvloop
    uvloop.install()
asyncio.run(main())
`;
