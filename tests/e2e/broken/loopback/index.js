import http from 'node:http';

const port = process.env.PORT ?? 3000;
const server = http.createServer((req, res) => {
  res.end('Hello from loopback\n');
});

server.listen(port, '127.0.0.1', () => {
  console.log(`listening on 127.0.0.1:${port}`);
});
