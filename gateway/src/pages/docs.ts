import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A file of the documentation pages, read once. */
export interface DocsFile {
  readonly type: string
  readonly body: Buffer
}

const assets = {
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
  'favicon-32x32.png': 'image/png',
  'oauth2-redirect.js': 'text/javascript; charset=utf-8',
} as const

const html = 'text/html; charset=utf-8'

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Hummingbot API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`

const start = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  oauth2RedirectUrl: location.origin + '/docs/oauth2-redirect',
})
`

const redirectPage =
  '<!doctype html><html lang="en"><body><script src="/docs/oauth2-redirect.js"></script></body></html>\n'

/** Everything from this origin; styles in attributes are what Swagger UI sets on its own elements. */
export const docsPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Paths and files of the documentation pages: no content comes from elsewhere. */
export const loadDocs = async (): Promise<ReadonlyMap<string, DocsFile>> => {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const files = new Map<string, DocsFile>()
  for (const [name, type] of Object.entries(assets)) {
    files.set(`/docs/${name}`, { type, body: await readFile(join(folder, name)) })
  }
  files.set('/docs/start.js', { type: 'text/javascript; charset=utf-8', body: Buffer.from(start) })
  files.set('/docs', { type: html, body: Buffer.from(page) })
  files.set('/redoc', { type: html, body: Buffer.from(page) })
  files.set('/docs/oauth2-redirect', { type: html, body: Buffer.from(redirectPage) })
  return files
}
