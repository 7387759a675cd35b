# A real SMTP server (aiosmtpd) that keeps what it accepts in a folder, one file a letter.
# usage: python3 - FOLDER plain|starttls|tls [CERT KEY] [USER PASSWORD]
import itertools, json, os, ssl, sys
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

folder, mode = sys.argv[1], sys.argv[2]
rest = sys.argv[3:]
context = None
if mode != "plain":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(rest[0], rest[1])
    rest = rest[2:]
login = tuple(rest[:2]) if len(rest) >= 2 else None
count = itertools.count(1)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("khong-co"):
            return "550 5.1.1 no such user here"
        if address.startswith("de-sau"):
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        name = os.path.join(folder, f"{next(count):04}.eml")
        with open(name + ".new", "wb") as file:
            private = mode == "tls" or bool(session.ssl)
            file.write(f"X-To: {','.join(envelope.rcpt_tos)}\r\nX-Tls: {private}\r\n".encode())
            file.write(envelope.content)
        os.rename(name + ".new", name)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    known = (data.login.decode(), data.password.decode()) == login
    # What is not "handled" the server answers itself, with 535.
    return AuthResult(success=known, handled=known)


class Ours(Controller):
    # A port that nobody has: known only once it listens.
    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    def factory(self):
        more = {}
        if mode == "starttls":
            more = {"tls_context": context, "require_starttls": True}
        if login:
            more |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": mode == "starttls"}
        return SMTP(self.handler, hostname="localhost", **more)


server = Ours(Handler(), hostname="127.0.0.1", port=int(os.environ.get("PORT", "0")),
              ssl_context=context if mode == "tls" else None)
server.start()
print(json.dumps({"port": server.port}), flush=True)
# Ends with whoever started it.
sys.stdin.read()
server.stop()
