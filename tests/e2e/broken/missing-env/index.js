import http from 'node:http';

if (!process.env.DATABASE_URL) {
  throw new Error('environment variable DATABASE_URL is required');
}

const port = process.env.PORT ?? 3000;
const server = http.createServer((req, res) => {
  res.end('Hello from missing-env\n');
});

server.listen(port, '0.0.0.0', () => {
  console.log(`listening on port ${port}`);
});
