import express, { type Request, type Response } from 'express';

const app = express();
const port = Number(process.env.PORT ?? 3000);

app.get('/', (_req: Request, res: Response) => {
  res.type('text').send('Hello from express-typescript\n');
});

app.listen(port, '0.0.0.0', (error?: Error) => {
  if (error) throw error;
  console.log(`listening on port ${port}`);
});
