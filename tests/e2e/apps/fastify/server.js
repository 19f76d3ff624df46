import Fastify from 'fastify';

const app = Fastify({ logger: true });

app.get('/', async () => 'Hello from fastify\n');

try {
  await app.listen({ host: '0.0.0.0', port: Number(process.env.PORT ?? 3000) });
} catch (error) {
  app.log.error(error);
  process.exit(1);
}
