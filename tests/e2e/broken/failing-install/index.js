import http from 'node:http';
import leftPad from 'left-pad-of-backend-im-that-does-not-exist';

const server = http.createServer((req, res) => {
  res.end(leftPad('Hello from failing-install\n', 40));
});

server.listen(process.env.PORT ?? 3000, '0.0.0.0');
