import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { asyncApi } from '@colibri/contracts'

/** `npm run asyncapi`: writes what the contracts say about NATS and websockets to docs/asyncapi.json. */
const file = fileURLToPath(new URL('../../../docs/asyncapi.json', import.meta.url))
await writeFile(file, `${JSON.stringify(asyncApi(), null, 2)}\n`)
console.log(`written to ${file}`)
