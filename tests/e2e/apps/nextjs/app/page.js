export default function Home() {
  return <h1>Hello from nextjs</h1>;
}
