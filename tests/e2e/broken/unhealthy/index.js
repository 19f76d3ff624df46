import http from 'node:http';

const port = process.env.PORT ?? 3000;
const server = http.createServer((req, res) => {
  if (req.url === '/health') {
    res.writeHead(500);
    res.end('not healthy\n');
    return;
  }
  res.end('Hello from unhealthy\n');
});

server.listen(port, '0.0.0.0', () => {
  console.log(`listening on port ${port}`);
});
