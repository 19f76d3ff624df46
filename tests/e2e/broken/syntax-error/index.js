import http from 'node:http';

const server = http.createServer((req, res) => {
  res.end('Hello from syntax-error\n';
});

server.listen(process.env.PORT ?? 3000, '0.0.0.0');
