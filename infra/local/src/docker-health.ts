/** `docker-health.js <url>`: exits with 0 when the address answers that it is well. */
const [url = ''] = process.argv.slice(2)
const well = await fetch(url, { signal: AbortSignal.timeout(4_000) }).then(
  (response) => response.ok,
  () => false,
)
process.exit(well ? 0 : 1)
