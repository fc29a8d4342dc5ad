import type { TestNats } from './test-nats.ts'
import type { TestPostgres } from './test-postgres.ts'

/** The secret that services under test share with their edge. */
export const EDGE_TOKEN = 'token-of-the-test'

/** What the edge shows a service. */
export const edgeHeaders = { 'x-colibri-edge-token': EDGE_TOKEN }

export interface ServiceParts {
  readonly postgres: Pick<TestPostgres, 'url'>
  readonly nats: Pick<TestNats, 'url' | 'options'>
  readonly home: string
}

/** What every service is told by its environment: where its parts are, and how to get in. */
export const serviceEnvironment = ({ postgres, nats, home }: ServiceParts) => ({
  DATABASE_URL: postgres.url,
  NATS_URL: nats.url,
  NATS_USER: nats.options.user,
  NATS_PASSWORD: nats.options.pass,
  EDGE_TOKEN,
  COLIBRI_HOME: home,
})
