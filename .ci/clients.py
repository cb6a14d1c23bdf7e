"""Talks to the simulated platforms as their own client libraries do: what those understand, a relay must understand too.

    python3 .ci/clients.py COMMAND…     COMMAND runs the servers and prints where they are
"""

import asyncio
import json
import queue
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pywa
import telegram
import viberbot.api.api
from pywa.errors import WhatsAppError
from pywa.types import Message, MessageStatus
from telegram.error import BadRequest, InvalidToken
from viberbot import Api
from viberbot.api.bot_configuration import BotConfiguration
from viberbot.api.messages import TextMessage
from viberbot.api.viber_requests import ViberMessageRequest


async def talk_to_telegram(url: str, token: str):
    async with telegram.Bot(token, base_url=f"{url}/bot") as bot:
        assert str((await bot.get_me()).id) == token.split(":")[0]
        updates = await bot.get_updates(timeout=5, allowed_updates=["message"])
        message = updates[0].message
        assert message.text == "Здравствуйте 👋🏽", message
        assert message.from_user.full_name == "Ольга Пример"
        last = updates[-1].update_id
        again = await bot.get_updates(offset=last + 1, timeout=5)
        assert again and again[0].update_id > last, "what was confirmed is gone"
        sent = await bot.send_message(message.chat_id, "Уже едет", reply_to_message_id=message.message_id)
        assert sent.message_id and sent.text == "Уже едет" and sent.from_user.is_bot
        assert (await bot.get_chat(message.chat_id)).first_name == "Ольга"
        assert await bot.send_chat_action(message.chat_id, "typing")
        try:
            await bot.send_message(1, "nobody")
            raise AssertionError("a stranger was written to")
        except BadRequest as refused:
            assert "chat not found" in str(refused).lower()
        assert await bot.set_webhook("https://desk.example/hook", secret_token="s", allowed_updates=["message"])
        info = await bot.get_webhook_info()
        assert info.url == "https://desk.example/hook" and list(info.allowed_updates) == ["message"]
        assert await bot.delete_webhook()
    try:
        async with telegram.Bot(token[:-1] + "x", base_url=f"{url}/bot"):
            raise AssertionError("a wrong token was taken")
    except InvalidToken:
        pass


def talk_to_viber(url: str, token: str):
    viberbot.api.api.VIBER_BOT_API_URL = url
    api = Api(BotConfiguration(auth_token=token, name="Acme Desk", avatar=""))
    requests = queue.Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            signature = self.headers["X-Viber-Content-Signature"]
            requests.put((body, api.verify_signature(body, signature)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    events = api.set_webhook(f"http://127.0.0.1:{server.server_port}/")
    assert {"message", "delivered", "seen", "failed", "conversation_started"} <= set(events)
    body, is_right = requests.get(timeout=10)
    assert is_right and json.loads(body)["event"] == "webhook", body
    body, is_right = requests.get(timeout=10)
    assert is_right, "the signature is not Viber's"
    request = api.parse_request(body.decode())
    assert isinstance(request, ViberMessageRequest) and request.message.text == "Вітаю 👋🏽"
    assert request.sender.name == "Ольга"
    tokens = api.send_messages(request.sender.id, [TextMessage(text="Завтра до обіду")])
    assert tokens and int(tokens[0]) > 2**53, tokens
    assert api.get_user_details(request.sender.id)["name"] == "Ольга"
    server.shutdown()


def talk_to_whatsapp(url: str, token: str, number: str, account: str, secret: str):
    client = pywa.WhatsApp(phone_id=number, token=token, waba_id=account, app_secret=secret, verify_token="sesame", server=None)
    client.api._session.base_url = f"{url}/v23.0"
    updates = queue.Queue()
    client.add_handlers(
        pywa.handlers.MessageHandler(lambda _, message: updates.put(message)),
        pywa.handlers.MessageStatusHandler(lambda _, status: updates.put(status)),
    )

    class Hook(BaseHTTPRequestHandler):
        def do_GET(self):
            query = parse_qs(urlsplit(self.path).query)
            answer, status = client.webhook_challenge_handler(vt=query["hub.verify_token"][0], ch=query["hub.challenge"][0])
            self.answer(status, answer)

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            refused = client.webhook_update_validator(body, self.headers["X-Hub-Signature-256"])
            answer, status = refused or client.webhook_update_handler(body)
            self.answer(status, answer)

        def answer(self, status, text):
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    def next_update(wanted):
        while True:
            update = updates.get(timeout=10)
            if wanted(update):
                return update

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    try:
        client.override_waba_callback_url(address, "a guess")
        raise AssertionError("an address that refused was taken")
    except WhatsAppError:
        pass
    assert client.override_waba_callback_url(address, "sesame")
    message = next_update(lambda update: isinstance(update, Message))
    assert message.text == "Здравствуйте 👋🏽", message
    assert message.from_user.name == "Ольга" and message.from_user.wa_id == "15550000001"
    assert message.from_user.bsuid == "US.13491208655302741918", message.from_user
    sent = client.send_message(to=message.from_user.wa_id, text="Уже едет", tracker="dw:7")
    status = next_update(lambda update: isinstance(update, MessageStatus) and update.id == sent.id)
    assert status.status == "sent" and status.tracker == "dw:7", status
    by_id = client.send_message(to=message.from_user.bsuid, text="Уже едет")
    assert by_id.id != sent.id
    try:
        client.send_message(to="15550000009", text="nobody")
        raise AssertionError("a stranger was written to")
    except WhatsAppError as refused:
        assert refused.code == 131030, refused
    server.shutdown()


def main():
    servers = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        places = json.loads(servers.stdout.readline())
        asyncio.run(asyncio.wait_for(talk_to_telegram(**places["telegram"]), 60))
        print("Telegram's client understands the simulated server")
        talk_to_viber(**places["viber"])
        print("Viber's client understands the simulated server")
        talk_to_whatsapp(**places["whatsapp"])
        print("WhatsApp's client understands the simulated server")
    finally:
        servers.stdin.close()
        servers.wait(10)


if __name__ == "__main__":
    main()
