"""Makes hosts far away: a proxy that delays every byte, because a lab has no netem.

A connection is answered after one round trip, as its TCP handshake would be. After that, every piece of data takes
half a round trip in each direction. Pieces on their way do not wait for earlier ones.
"""

import asyncio
import json
from contextlib import suppress
from pathlib import Path

_BEHIND = 8443  # the port on which the host itself listens


async def listen(address: str, round_trip_ms: int, log: Path) -> int:
    """Listen at an address in front of its host; return the port on which the host itself must listen.

    Each connection that ends adds a line to `log`, with the bytes that it carried in both directions.
    """
    if not round_trip_ms:
        return 443
    half = round_trip_ms / 2000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * half)
        far_reader, far_writer = await asyncio.open_connection(address, _BEHIND)
        carried = await asyncio.gather(_carry(reader, far_writer, half), _carry(far_reader, writer, half))
        with log.open("a") as file:
            file.write(json.dumps({"address": address, "bytes": sum(carried)}) + "\n")

    await asyncio.start_server(serve, address, 443)
    return _BEHIND


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> int:
    """Pass everything from one side to the other, each piece `seconds` after it came; return the number of bytes."""
    total = 0
    clock = asyncio.get_running_loop().time
    on_its_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while piece := (due := await on_its_way.get())[1]:
            await asyncio.sleep(max(0.0, due[0] - clock()))
            writer.write(piece)
            await writer.drain()

    delivery = asyncio.create_task(deliver())
    with suppress(ConnectionError):
        while piece := await reader.read(1 << 16):
            total += len(piece)
            on_its_way.put_nowait((clock() + seconds, piece))
    on_its_way.put_nowait((clock(), b""))
    with suppress(ConnectionError):
        await delivery
        writer.close()
    return total
