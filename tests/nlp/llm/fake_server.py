"""An OpenAI-compatible server on loopback that answers from the report's own text and misbehaves on demand.

A report that holds `@name` gets that misbehaviour; `@name*3` gets it three times, then a good answer. Run as a
program it prints its port: `python fake_server.py [seconds per answer]`.
"""

import asyncio
import json
import re
import sys
import threading
from collections import Counter

from aiohttp import web

CYST = re.compile(r"(?:\d+(?:[.,]\d+)? (?:mm|cm) )?cyst")


def finding(evidence, **values):
    """One wire finding of the liver with its values replaced."""
    default = {
        "evidence": evidence, "organ": "liver", "laterality": None, "location": [], "type": "cyst",
        "certainty": "present", "count": 1, "count_min": 1, "sizes": [], "size_bound": None, "prior_sizes": [],
    }  # fmt: skip
    return default | values


def honest(text):
    """An answer that finds every cyst and quotes it."""
    findings = []
    for quote in CYST.findall(text):
        size = quote.removesuffix("cyst").strip()
        findings.append(finding([quote], sizes=[size] if size else [], size_bound="exact" if size else None))
    return json.dumps({"findings": findings, "negative_organs": []})


def content_of(fault, text):
    """What a misbehaving model writes."""
    good = json.loads(honest(text))
    quoted = (CYST.search(text) or ["cyst"])[0]
    lies = {
        "hallucinated": [finding(["a huge metastasis of the spleen"])],
        "wrong_size": [finding([quoted], sizes=["77 mm"], size_bound="exact")],
        "wrong_organ": [finding([quoted], organ="soul")],
        "extra_field": [finding([quoted], diagnosis="bad")],
        "not_an_item": [7, None, "cyst", [finding(["cyst"])]],
        "huge_count": [finding([quoted], count=10**30, count_min=10**30)],
        "surrogate": [finding(["\ud800 cyst"])],
    }
    if fault in lies:
        return json.dumps(good | {"findings": lies[fault] + good["findings"]})
    return {
        "truncated": json.dumps(good | {"findings": good["findings"] * 1 + [finding(["cyst"] * 2)]})[:-90],
        "cut_at_once": '{"findings": [{"evid',
        "prose": "There is a cyst in the liver.",
        "empty": "",
        "other_shape": '{"lesions": []}',
        "nan": '{"findings": [{"evidence": ["cyst"], "count": NaN}], "negative_organs": []}',
        "thinking": "<think>is it {a cyst}?</think>\n```json\n" + honest(text) + "\n```",
        "endless_thinking": "<think>is it a cyst?",
        "deep": "[" * 100_000,
    }[fault]


class FakeServer:
    """The server; `seen` counts requests by report, `most_at_once` the largest number of them in flight."""

    def __init__(self, seconds=0.0, models=("fake",)):
        self.seconds, self.models = seconds, models
        self.seen, self.at_once, self.most_at_once = Counter(), 0, 0
        self.pauses, self.keys = {}, set()
        self._started, self._stop = threading.Event(), None

    def __enter__(self):
        self._thread = threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True)
        self._thread.start()
        self._started.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    async def serve(self, announce=None):
        app = web.Application(client_max_size=2**24)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._complete)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._started.set()
        if announce:
            announce(self.port)
        await self._stop.wait()
        await runner.cleanup()

    async def _models(self, request):
        return web.json_response({"data": [{"id": name} for name in self.models]})

    async def _complete(self, request):
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._answer(request)
        finally:
            self.at_once -= 1

    async def _answer(self, request):
        body = await request.json()
        assert body["response_format"]["json_schema"]["strict"]
        self.keys.add(request.headers.get("Authorization"))
        repaired = len(body["messages"]) > 2
        text = re.search(r"<report>\n(.*)\n</report>", body["messages"][1]["content"], re.S)[1]
        self.seen[text] += 1
        now = asyncio.get_running_loop().time()
        self.pauses.setdefault(text, []).append(now)
        wanted = re.search(r"@(\w+)(?:\*(\d+))?", text)
        fault = wanted[1] if wanted and self.seen[text] <= int(wanted[2] or 10**6) and not repaired else None
        await asyncio.sleep(float(self.seconds))
        if fault == "slow":
            await asyncio.sleep(5)
        if fault == "disconnect":
            request.transport.abort()
        if fault == "busy":
            return web.Response(status=429, headers={"Retry-After": "0.3"})
        if fault == "forbidden":
            return web.Response(status=401)
        if fault in ("e500", "e503", "e400"):
            return web.Response(status=int(fault[1:]), text="maximum context length" if fault == "e400" else "")
        if fault == "html":
            return web.Response(text="<html>bad gateway</html>")
        if fault == "no_choices":
            return web.json_response({"choices": []})
        known = ("slow", "disconnect", None)
        content = honest(text) if fault in known else content_of(fault, text)
        usage = {"prompt_tokens": 100, "completion_tokens": 10}
        reason = "length" if fault in ("truncated", "cut_at_once") else "stop"
        return web.json_response(
            {"choices": [{"message": {"content": content}, "finish_reason": reason}], "usage": usage}
        )


if __name__ == "__main__":
    server = FakeServer(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0)
    asyncio.run(server.serve(lambda port: print(port, flush=True)))
