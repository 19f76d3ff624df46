import express from 'express';

const app = express();
const port = process.env.PORT ?? 3000;

app.get('/', (req, res) => {
  res.type('text').send('Hello from express\n');
});

app.get('/health', (req, res) => {
  res.type('text').send('ok');
});

app.get('/env/:name', (req, res) => {
  const value = process.env[req.params.name];
  if (value === undefined) {
    res.sendStatus(404);
    return;
  }
  res.type('text').send(value);
});

app.listen(port, '0.0.0.0', (error) => {
  if (error) throw error;
  console.log(`listening on port ${port}`);
});
