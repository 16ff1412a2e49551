import asyncio
from contextlib import suppress

from reportsup.nlp.llm.chat import cancel


def test_a_swallowed_cancellation_is_said_again():
    async def stubborn():
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    async def main():
        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        await asyncio.wait_for(cancel({task}), timeout=30)
        return task.cancelled()

    assert asyncio.run(main())
