import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * `docker-service.js <entry>`: a program in its container, with the settings `docker-setup` wrote for it. Every replica
 * announces its own container's name; a service's name would lead the edge to any of them.
 */
const [entry] = process.argv.slice(2)
if (entry === undefined) throw new Error('give the compiled entry of a program, such as services/trading/dist/main.js')
process.loadEnvFile('/secrets/env')
process.env.ADVERTISE_HOST ??= hostname()
await import(pathToFileURL(resolve(entry)).href)
