// Stands for the icons that Grafana fetches.
export default function Icon() {
  return <svg aria-hidden />;
}
