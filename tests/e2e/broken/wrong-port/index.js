import http from 'node:http';

const server = http.createServer((req, res) => {
  res.end('Hello from wrong-port\n');
});

server.listen(4000, '0.0.0.0', () => {
  console.log('listening on port 4000');
});
