export function About() {
  return <p>What is to be loaded before the ship sails. The list is kept in this browser.</p>;
}
