#!/usr/bin/env python3
"""An agent for Punku's tunnel in plain Python 3.11, written from docs/protocol.md alone.

It exchanges a one-time token (`punku tunnels create LABEL` prints one), opens a link to the gateway, and serves the
requests that come through it from a model server on this machine:

    python3 examples/agent.py https://gateway.example http://127.0.0.1:11434 < token.txt

It is there to be read. `punku connect` also renews its access token, reconnects and resumes; this one serves until its
link ends, and has to be given a new token then.
"""
import asyncio, base64, concurrent.futures, contextlib, hashlib, http.client, json, os, re, secrets, socket, struct, sys
from urllib.parse import urlencode, urlsplit

HELLO, ACK, PING, PONG, GO_AWAY, OPEN, HEAD, DATA, CREDIT, RESET = 1, 2, 3, 4, 5, 16, 17, 18, 19, 20
END = 1
REFUSED, UNREACHABLE, BROKEN, INTERRUPTED, INVALID, DENIED, BUSY = range(2, 9)
FLOW, UNSUPPORTED, INTERNAL = 10, 11, 12
BY_GATEWAY, BY_AGENT, BY_UPSTREAM = 2, 3, 4
MAX_MESSAGE, CHUNK, WINDOW, STREAMS, HEARTBEAT_MS = 65_536, 16_384, 65_536, 16, 15_000
UNCROSSED = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "host",
             "expect"}
# The gateway is not trusted with more than this: no route here changes what the model server has.
ALLOWED = {"GET /api/tags", "GET /api/version", "GET /api/ps", "POST /api/show", "POST /api/chat", "POST /api/generate",
           "POST /api/embed", "GET /v1/models", "POST /v1/chat/completions", "POST /v1/embeddings", "POST /v1/messages"}


class Ended(Exception):
    """The link is over: why."""


class Reset(Exception):
    """Ends one stream: RESET code, origin, text."""


def redeem(gateway, one_time_token):
    """POST /tunnel/token (section 9): an access token for a one-time token."""
    kind = http.client.HTTPSConnection if gateway.scheme == "https" else http.client.HTTPConnection
    connection = kind(gateway.netloc, timeout=15)
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": "punku-agent",
            "device_code": one_time_token}
    connection.request("POST", "/tunnel/token", urlencode(form), {"content-type": "application/x-www-form-urlencoded"})
    answer = json.loads(connection.getresponse().read())
    return answer.get("access_token") or sys.exit(f"The gateway took no token: {answer.get('error')}")


class WebSocket:
    """As much of RFC 6455 as a client needs."""

    async def open(self, gateway, token):
        secure = gateway.scheme == "https"
        port = gateway.port or (443 if secure else 80)
        self.reader, self.writer = await asyncio.open_connection(gateway.hostname, port, ssl=secure or None)
        key = base64.b64encode(os.urandom(16)).decode()
        self.writer.write((f"GET /tunnel HTTP/1.1\r\nHost: {gateway.netloc}\r\nConnection: Upgrade\r\n"
                           f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                           f"Sec-WebSocket-Protocol: punku.1\r\nAuthorization: Bearer {token}\r\n\r\n").encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        expected = {base64.b64encode(digest).decode(), "punku.1"}
        if not head.startswith("HTTP/1.1 101 ") or not expected <= set(head.split()):
            raise Ended(f"The gateway opens no link: {head.splitlines()[0]}")

    async def message(self):
        """The next whole binary message."""
        message = b""
        while True:
            first, length = await self.reader.readexactly(2)
            if length > 125:
                length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8))
            if len(message) + length > MAX_MESSAGE:
                raise ValueError("the message is too large")
            payload = await self.reader.readexactly(length)
            opcode = first & 15
            if opcode == 8:
                self.send(8, payload[:2])
                await self.writer.drain()
                raise Ended(f"The gateway ended the link: {int.from_bytes(payload[:2])} {payload[2:].decode()}")
            elif opcode == 9:
                self.send(10, payload)
            elif opcode == 1:
                raise ValueError("a text message")
            elif opcode != 10:
                message += payload
                if first & 128:
                    return message

    def send(self, opcode, payload):
        size, mask = len(payload), os.urandom(4)
        length = (struct.pack("!B", 128 | size) if size < 126 else
                  struct.pack("!BH", 128 | 126, size) if size < 65_536 else struct.pack("!BQ", 128 | 127, size))
        masked = int.from_bytes(payload) ^ int.from_bytes((mask * (size // 4 + 1))[:size])
        self.writer.write(bytes([128 | opcode]) + length + mask + masked.to_bytes(size))


def read_request_head(head):
    """Method, target and fields (section 5)."""
    def number():
        nonlocal head
        (value,), head = struct.unpack_from("!H", head), head[2:]
        return value

    def text():
        nonlocal head
        length = number()
        value, head = head[:length].decode("latin-1"), head[length:]
        return value

    return text(), text(), [(text(), text()) for _ in range(number())]


def write_response_head(response):
    """Status and fields (section 5), without those of our own connection to the model server."""
    uncrossed = UNCROSSED | {name.strip() for name in response.getheader("connection", "").lower().split(",")}
    fields = [(name.lower(), value) for name, value in response.getheaders() if name.lower() not in uncrossed]
    if not 200 <= response.status <= 599 or any(re.search(r"[\0-\x08\x0a-\x1f\x7f]", value) for _, value in fields):
        raise Reset(INVALID, BY_UPSTREAM, "The model server's answer is not valid HTTP.")
    texts = [text.encode("latin-1") for field in fields for text in field]
    return struct.pack("!HH", response.status, len(fields)) + b"".join(struct.pack("!H", len(t)) + t for t in texts)


class Stream:
    """One request. `credit` is what we may still send, `window` what the gateway may."""

    def __init__(self, link, stream_id, credit):
        self.link, self.id, self.credit, self.window = link, stream_id, credit, WINDOW
        self.body, self.has_credit, self.socket = asyncio.Queue(), asyncio.Event(), None

    async def run(self, head, has_body):
        try:
            await self.serve(*head, has_body)
        except Reset as reset:
            code, origin, text = reset.args
            self.link.send(RESET, self.id, struct.pack("!HB", code, origin) + text.encode())
        finally:
            # Also when the gateway has reset the stream: a thread that waits for the model server wakes up by it.
            with contextlib.suppress(OSError, AttributeError):
                self.socket.shutdown(socket.SHUT_RDWR)

    async def serve(self, method, target, fields, has_body):
        if f"{method} {target.partition('?')[0]}" not in ALLOWED:
            raise Reset(DENIED, BY_AGENT, "This agent does not let that route through.")
        connection, trouble = http.client.HTTPConnection(self.link.models.netloc), UNREACHABLE
        try:
            await asyncio.to_thread(connection.connect)
            self.socket, trouble = connection.sock, BROKEN
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in fields:
                # A length that is not the body's would make a second request of the rest: the body goes in chunks.
                if name not in UNCROSSED | {"content-length"}:
                    connection.putheader(name, value)
            if has_body:
                connection.putheader("transfer-encoding", "chunked")
            await asyncio.to_thread(connection.endheaders)
            while has_body:
                chunk = await self.body.get()
                await asyncio.to_thread(connection.send, b"%x\r\n%s\r\n" % (len(chunk), chunk))
                if not chunk:
                    break
                self.window += len(chunk)
                self.link.send(CREDIT, self.id, struct.pack("!I", len(chunk)))
            response = await asyncio.to_thread(connection.getresponse)
            self.link.send(HEAD, self.id, write_response_head(response))
            trouble = INTERRUPTED
            while True:
                while self.credit == 0:
                    self.has_credit.clear()
                    await self.has_credit.wait()
                chunk = await asyncio.to_thread(response.read1, min(CHUNK, self.credit))
                if not chunk:
                    break
                self.credit -= len(chunk)
                self.link.send(DATA, self.id, chunk)
                await self.link.socket.writer.drain()
            if response.length:
                raise http.client.IncompleteRead(b"", response.length)
            self.link.send(DATA, self.id, b"", END)
        except ConnectionRefusedError:
            raise Reset(REFUSED, BY_UPSTREAM, "The model server refused the connection.")
        except (OSError, http.client.HTTPException) as error:
            raise Reset(trouble, BY_UPSTREAM, f"The model server failed: {type(error).__name__}.")
        except ValueError:
            raise Reset(INTERNAL, BY_AGENT, "The agent cannot pass that on.")


class Link:
    """The link, and the session on it, which ends with it: this agent does not name `resume`."""

    def __init__(self, gateway, models):
        self.gateway, self.models, self.socket = gateway, models, WebSocket()
        self.streams, self.last_id, self.received, self.first_credit = {}, 0, 0, 0

    def send(self, kind, stream_id, payload=b"", flags=0):
        """One frame, in a message of its own (section 2)."""
        self.socket.send(2, len(payload).to_bytes(3) + struct.pack("!BBI", kind, flags, stream_id) + payload)

    async def run(self, token):
        asyncio.get_running_loop().set_default_executor(concurrent.futures.ThreadPoolExecutor(2 * STREAMS))
        await self.socket.open(self.gateway, token)
        hello = {"software": "example-agent/1", "capabilities": ["http"], "window": WINDOW, "streams": STREAMS,
                 "heartbeatMs": HEARTBEAT_MS, "instance": secrets.token_hex(8)}
        self.send(HELLO, 0, json.dumps(hello).encode())
        try:
            async with asyncio.timeout(10):
                message = await self.socket.message()
            if message[3] != HELLO:
                raise ValueError("the first frame is not HELLO")
            hello = json.loads(message[9:])
            self.first_credit = hello["window"]
            print(f"connected as {hello['tunnel']['label']}", flush=True)
            beating = asyncio.create_task(self.beat())
            while True:
                # After two of the gateway's heartbeats without a word, the link is dead (section 8).
                async with asyncio.timeout(2 * hello["heartbeatMs"] / 1000):
                    message = await self.socket.message()
                self.receive(message)
        except (ValueError, LookupError, TypeError, struct.error) as error:
            self.socket.send(8, struct.pack("!H", 4000) + str(error).encode()[:123])
            await self.socket.writer.drain()
            raise Ended(f"The gateway broke the protocol: {error}")
        except (OSError, EOFError, TimeoutError) as error:
            raise Ended(f"The link broke: {type(error).__name__}")

    async def beat(self):
        while True:
            await asyncio.sleep(HEARTBEAT_MS / 1000)
            self.send(PING, 0, os.urandom(8))

    def receive(self, message):
        """Takes the frames of a message (section 2), and acknowledges those of streams (section 7)."""
        at, received = 0, self.received
        while at < len(message):
            length = int.from_bytes(message[at:at + 3])
            kind, flags, stream_id = struct.unpack_from("!BBI", message, at + 3)
            payload, at = message[at + 9:at + 9 + length], at + 9 + length
            if at > len(message):
                raise ValueError("a frame crosses the end of its message")
            self.received += stream_id > 0
            if kind == PING:
                self.send(PONG, 0, payload)
            elif kind == OPEN:
                self.open(stream_id, payload, flags & END)
            elif DATA <= kind <= RESET:
                if stream_id > self.last_id:
                    raise ValueError("a frame of a stream that was never opened")
                if stream_id in self.streams:  # else it is over, and the frame crossed its end on the way
                    self.take(self.streams[stream_id], kind, payload, flags & END)
            elif kind == GO_AWAY:
                print(f"the gateway is about to leave: {payload[2:].decode()}", flush=True)
            elif kind < 0x80 and kind not in (ACK, PONG):
                raise ValueError(f"frame kind {kind}")
        if self.received > received:
            self.send(ACK, 0, struct.pack("!Q", self.received))

    def open(self, stream_id, payload, is_end):
        if stream_id <= self.last_id or stream_id % 2 == 0:
            raise ValueError("a stream id that does not grow, or is even")
        self.last_id = stream_id
        if payload[0] != 1:
            self.send(RESET, stream_id, struct.pack("!HB", UNSUPPORTED, BY_AGENT))
        elif len(self.streams) == STREAMS:
            self.send(RESET, stream_id, struct.pack("!HB", BUSY, BY_AGENT))
        else:
            stream = self.streams[stream_id] = Stream(self, stream_id, self.first_credit)
            stream.task = asyncio.create_task(stream.run(read_request_head(payload[1:]), not is_end))
            stream.task.add_done_callback(lambda _: self.streams.pop(stream_id))

    def take(self, stream, kind, payload, is_end):
        if kind == CREDIT:
            stream.credit += int.from_bytes(payload)
            stream.has_credit.set()
        elif kind == RESET:
            stream.task.cancel()
        else:
            stream.window -= len(payload)
            if stream.window < 0:
                self.send(RESET, stream.id, struct.pack("!HB", FLOW, BY_GATEWAY))
                stream.task.cancel()
            if payload:
                stream.body.put_nowait(payload)
            if is_end:
                stream.body.put_nowait(b"")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    gateway, models = urlsplit(sys.argv[1]), urlsplit(sys.argv[2])
    try:
        asyncio.run(Link(gateway, models).run(redeem(gateway, sys.stdin.readline().strip())))
    except (Ended, OSError) as end:
        sys.exit(str(end))
