import { Server, ServerCredentials, status } from '@grpc/grpc-js'
import featuresGrpc, {
  type IServerFeaturesServer,
} from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_grpc_pb.js'
import features from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_pb.js'
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js'
import rpc from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/status_pb.js'
import streamsGrpc, {
  type IStreamsServer,
} from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js'
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js'
import any from 'google-protobuf/google/protobuf/any_pb.js'

type Proposed = InstanceType<typeof streams.BatchAppendReq.ProposedMessage>
type Options = InstanceType<typeof streams.BatchAppendReq.Options>
type Stored = InstanceType<typeof streams.ReadResp.ReadEvent.RecordedEvent>

export interface TestKurrent {
  readonly url: string
  /** The process is gone: connections break, what is stored stays. */
  kill(): void
  restart(): Promise<void>
  /** The next append is stored, but its acknowledgement is lost with the connection. */
  loseNextAcknowledgement(): void
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
const nameOf = (options: Options): string =>
  textOf(options.getStreamIdentifier()?.getStreamName_asU8() ?? new Uint8Array())

/**
 * A KurrentDB that keeps its events in memory and speaks the two services the driver calls, through the service
 * definitions the client was generated with. Its answers to repeated ids and wrong versions follow the server's
 * documentation: a repeat at an old version is acknowledged and not stored, one at the current version is stored.
 */
export const startTestKurrent = async (): Promise<TestKurrent> => {
  const log: Stored[] = []
  let acknowledgements: 'sent' | 'lost' = 'sent'
  const ofStream = (name: string) =>
    log.filter((event) => textOf(event.getStreamIdentifier()?.getStreamName_asU8() ?? new Uint8Array()) === name)

  const store = (options: Options, proposed: Proposed): Stored => {
    const name = nameOf(options)
    const event = new streams.ReadResp.ReadEvent.RecordedEvent()
    const position = String((log.length + 1) * 128)
    event
      .setId(proposed.getId())
      .setStreamIdentifier(options.getStreamIdentifier())
      .setStreamRevision(String(ofStream(name).length))
      .setCommitPosition(position)
      .setPreparePosition(position)
      .setData(proposed.getData_asU8())
      .setCustomMetadata(proposed.getCustomMetadata_asU8())
    proposed.getMetadataMap().forEach((value, key) => {
      event.getMetadataMap().set(key, value)
    })
    event.getMetadataMap().set('created', String(BigInt(Date.now()) * 10_000n))
    log.push(event)
    return event
  }

  const append = (options: Options, proposed: readonly Proposed[]) => {
    const response = new streams.BatchAppendResp()
    response.setStreamIdentifier(options.getStreamIdentifier())
    const stream = ofStream(nameOf(options))
    const current = stream.length - 1
    const expected = options.hasNoStream() ? -1 : options.hasAny() ? current : Number(options.getStreamPosition())
    const repeated = proposed.every(
      (event, index) => stream[expected + 1 + index]?.getId()?.getString() === event.getId()?.getString(),
    )
    if (expected === current || repeated) {
      const last = repeated ? stream[expected + proposed.length] : proposed.map((event) => store(options, event)).at(-1)
      const position = new shared.AllStreamPosition()
      position.setCommitPosition(last?.getCommitPosition() ?? '0').setPreparePosition(last?.getPreparePosition() ?? '0')
      const success = new streams.BatchAppendResp.Success()
      response.setSuccess(success.setCurrentRevision(last?.getStreamRevision() ?? '0').setPosition(position))
      return response
    }
    const wrong = new shared.WrongExpectedVersion()
    if (current >= 0) wrong.setCurrentStreamRevision(String(current))
    if (expected >= 0) wrong.setExpectedStreamPosition(String(expected))
    const details = new any.Any()
    details.pack(wrong.serializeBinary(), 'event_store.client.WrongExpectedVersion')
    response.setError(new rpc.Status().setMessage('WrongExpectedVersion').setDetails(details))
    return response
  }

  const answer = (event: Stored) =>
    new streams.ReadResp().setEvent(
      new streams.ReadResp.ReadEvent().setEvent(event).setCommitPosition(event.getCommitPosition()),
    )

  const listen = async (port: number): Promise<{ server: Server; port: number }> => {
    const server = new Server()
    const featureService: IServerFeaturesServer = {
      getSupportedMethods: (_call, respond) => {
        const method = new features.SupportedMethod()
        method.setServiceName('event_store.client.streams.streams').setMethodName('batchappend')
        const supported = new features.SupportedMethods().setEventStoreServerVersion('25.1.0')
        supported.addMethods(method)
        respond(null, supported)
      },
    }
    const streamService: IStreamsServer = {
      read: (call) => {
        const options = call.request.getOptions()
        const count = Number(options?.getCount() ?? 0)
        const stream = options?.getStream()
        if (stream !== undefined) {
          const name = stream.getStreamIdentifier()
          const events = ofStream(textOf(name?.getStreamName_asU8() ?? new Uint8Array()))
          const from = stream.hasRevision() ? Number(stream.getRevision()) : 0
          if (events.length === 0) {
            call.write(
              new streams.ReadResp().setStreamNotFound(new streams.ReadResp.StreamNotFound().setStreamIdentifier(name)),
            )
          }
          for (const event of events.slice(from, from + count)) call.write(answer(event))
        } else if (options?.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS) {
          for (const event of log.slice(-count).reverse()) call.write(answer(event))
        } else {
          const from = BigInt(options?.getAll()?.getPosition()?.getCommitPosition() ?? 0)
          const events = log.filter((event) => BigInt(event.getCommitPosition()) >= from)
          for (const event of events.slice(0, count)) call.write(answer(event))
        }
        call.end()
      },
      batchAppend: (call) => {
        const open = new Map<string, { options: Options; events: Proposed[] }>()
        call.on('data', (request: InstanceType<typeof streams.BatchAppendReq>) => {
          const id = Buffer.from(request.getCorrelationId()?.serializeBinary() ?? []).toString('hex')
          const options = request.getOptions()
          const batch = open.get(id) ?? (options === undefined ? undefined : { options, events: [] })
          if (batch === undefined) {
            call.destroy(new Error('a batch begins with its options'))
            return
          }
          open.set(id, batch)
          batch.events.push(...request.getProposedMessagesList())
          if (!request.getIsFinal()) return
          open.delete(id)
          const response = append(batch.options, batch.events).setCorrelationId(request.getCorrelationId())
          if (acknowledgements === 'lost') {
            acknowledgements = 'sent'
            call.emit('error', { code: status.UNAVAILABLE, details: 'the connection broke' })
          } else {
            call.write(response)
          }
        })
        call.on('error', () => {})
        call.on('end', () => call.end())
      },
      append: (_call, respond) => respond({ code: status.UNIMPLEMENTED }),
      delete: (_call, respond) => respond({ code: status.UNIMPLEMENTED }),
      tombstone: (_call, respond) => respond({ code: status.UNIMPLEMENTED }),
    }
    server.addService(featuresGrpc.ServerFeaturesService, featureService)
    server.addService(streamsGrpc.StreamsService, streamService)
    const bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, given) => {
        if (error === null) resolve(given)
        else reject(error)
      })
    })
    return { server, port: bound }
  }

  let running = await listen(0)
  return {
    url: `kurrentdb://127.0.0.1:${running.port}?tls=false`,
    kill: () => running.server.forceShutdown(),
    restart: async () => {
      running = await listen(running.port)
    },
    loseNextAcknowledgement: () => {
      acknowledgements = 'lost'
    },
  }
}
