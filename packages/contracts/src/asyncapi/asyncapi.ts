import { z } from 'zod'
import { type Channel, channels } from './channels.ts'

type Json = Readonly<Record<string, unknown>>

const ref = (path: string): Json => ({ $ref: `#/${path}` })

/** A JSON pointer has `/` for itself. */
const token = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** As JSON: what a schema says besides is for people who read the sources. */
const payloadOf = (schema: z.ZodType): Json | undefined => {
  if (schema instanceof z.ZodUndefined) return undefined
  const { $schema: _, ...described } = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
  })
  return JSON.parse(JSON.stringify(described))
}

const messagesOf = ({ said, heard }: Channel) => Object.entries({ ...said, ...heard })

const channelOf = (channel: Channel): Json => ({
  address: channel.address,
  description: channel.description,
  servers: [ref(`servers/${channel.server}`)],
  ...(channel.parameters === undefined ? {} : { parameters: channel.parameters }),
  messages: Object.fromEntries(messagesOf(channel).map(([name]) => [name, ref(`components/messages/${name}`)])),
})

/** Where the asker listens; NATS tells it with the request. */
const repliesOf = (channel: Channel): Json => ({
  address: null,
  description: `Replies on the subject the request names.`,
  servers: [ref(`servers/${channel.server}`)],
  messages: Object.fromEntries(
    Object.keys(channel.replies ?? {}).map((name) => [name, ref(`components/messages/${name}`)]),
  ),
})

const repliesName = (channel: Channel): string => `${channel.name}.replies`

const operationOf = (channel: Channel, action: 'send' | 'receive', messages: readonly string[]): Json => {
  const path = `channels/${token(channel.name)}`
  return {
    action,
    channel: ref(path),
    messages: messages.map((name) => ref(`${path}/messages/${name}`)),
    ...(action === 'receive' && channel.replies !== undefined
      ? {
          reply: {
            channel: ref(`channels/${token(repliesName(channel))}`),
            messages: Object.keys(channel.replies).map((name) =>
              ref(`channels/${token(repliesName(channel))}/messages/${name}`),
            ),
          },
        }
      : {}),
  }
}

const operationsOf = (channel: Channel): [string, Json][] => [
  ...(channel.said === undefined
    ? []
    : [[`say.${channel.name}`, operationOf(channel, 'send', Object.keys(channel.said))] satisfies [string, Json]]),
  ...(channel.heard === undefined
    ? []
    : [[`hear.${channel.name}`, operationOf(channel, 'receive', Object.keys(channel.heard))] satisfies [string, Json]]),
]

/** Everything Colibri says and understands beside REST, as an AsyncAPI 3.0 document. Made of the schemas the code uses. */
export const asyncApi = (): Json => {
  const all = channels()
  const messages = all.flatMap((channel) => [...messagesOf(channel), ...Object.entries(channel.replies ?? {})])
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Colibri',
      version: '0.1.0',
      description:
        'NATS subjects and websockets of Colibri. `send` is what Colibri says, `receive` what it understands. ' +
        'Amounts and prices on NATS are decimal text, times epoch milliseconds.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      nats: {
        host: '127.0.0.1:4222',
        protocol: 'nats',
        description:
          'Address and password of the user `subscriber`, who may read `events.>` and `market.>`, are in COLIBRI_HOME.',
        security: [ref('components/securitySchemes/userPassword')],
      },
      edge: {
        host: '127.0.0.1:8000',
        protocol: 'ws',
        description: 'The edge, where REST is too.',
        security: [ref('components/securitySchemes/basic')],
      },
    },
    channels: Object.fromEntries(
      all.flatMap((channel) => [
        [channel.name, channelOf(channel)],
        ...(channel.replies === undefined ? [] : [[repliesName(channel), repliesOf(channel)]]),
      ]),
    ),
    operations: Object.fromEntries(all.flatMap(operationsOf)),
    components: {
      messages: Object.fromEntries(
        messages.map(([name, schema]) => {
          const payload = payloadOf(schema)
          return [name, { name, ...(payload === undefined ? {} : { payload }) }]
        }),
      ),
      securitySchemes: {
        userPassword: { type: 'userPassword' },
        basic: { type: 'http', scheme: 'basic' },
      },
    },
  }
}
