import { createHash, randomBytes } from 'node:crypto'

const asUuid = (bytes: Buffer, version: 5 | 7): string => {
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | (version << 4), 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}

/** A random uuid v7 (RFC 9562 §5.7): sorts by time, which keeps the index on event ids dense. */
export const randomEventId = (): string => {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  return asUuid(bytes, 7)
}

/** RFC 9562 §5.5: the name space of Colibri's derived event ids, itself a random uuid. */
const NAME_SPACE = Buffer.from('0b1f6a4e9d2c4a57a3c85e1d7f60b942', 'hex')

/** The uuid v5 of the `index`-th event of the command `idempotencyKey` on a stream: the same inputs give the same id. */
export const derivedEventId = (streamId: string, idempotencyKey: string, index: number): string => {
  const name = JSON.stringify([streamId, idempotencyKey, index])
  return asUuid(createHash('sha1').update(NAME_SPACE).update(name).digest().subarray(0, 16), 5)
}
