import { createCipheriv, createDecipheriv, pbkdf2, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { z } from 'zod'

/**
 * Secrets as the original client stores them: the hex of an Ethereum key file, version 3, without address and id.
 * Files written here are read by the original's bots and the other way round.
 */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError'
}

const ROUNDS = 1_000_000
const SALT_BYTES = 16
const deriveByPbkdf2 = promisify(pbkdf2)
const deriveByScrypt = (password: string, salt: Buffer, { n, r, p, dklen }: ScryptParams): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    // 128·N·r bytes is what scrypt needs; Node refuses more than maxmem.
    scrypt(password, salt, dklen, { N: n, r, p, maxmem: 256 * n * r }, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })

const hex = z.string().regex(/^([0-9a-f]{2})*$/i)
const pbkdf2Params = z.object({
  c: z.number().int().min(1).max(10_000_000),
  dklen: z.number().int().min(32).max(64),
  prf: z.literal('hmac-sha256'),
  salt: hex,
})
const scryptParams = z.object({
  n: z
    .number()
    .int()
    .min(2)
    .max(1 << 20),
  r: z.number().int().min(1).max(64),
  p: z.number().int().min(1).max(64),
  dklen: z.number().int().min(32).max(64),
  salt: hex,
})
type ScryptParams = z.infer<typeof scryptParams>

/** How a key comes from the password. */
const kdf = z.discriminatedUnion('kdf', [
  z.object({ kdf: z.literal('pbkdf2'), kdfparams: pbkdf2Params }),
  z.object({ kdf: z.literal('scrypt'), kdfparams: scryptParams }),
])
type Kdf = z.infer<typeof kdf>

const cipher = z.object({
  cipher: z.literal('aes-128-ctr'),
  cipherparams: z.object({ iv: hex }),
  ciphertext: hex,
  mac: hex,
})
const keyFile = z.object({ version: z.literal(3), crypto: z.intersection(cipher, kdf) })

const ownKdf = (salt: string): Kdf => ({
  kdf: 'pbkdf2',
  kdfparams: { c: ROUNDS, dklen: 32, prf: 'hmac-sha256', salt },
})

const derive = (password: string, { kdf, kdfparams }: Kdf): Promise<Buffer> => {
  const salt = Buffer.from(kdfparams.salt, 'hex')
  return kdf === 'pbkdf2'
    ? deriveByPbkdf2(password, salt, kdfparams.c, kdfparams.dklen, 'sha256')
    : deriveByScrypt(password, salt, kdfparams)
}

const lowerCaseKeys = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name.toLowerCase(), lowerCaseKeys(inner)]))
    : value

const macOf = (derived: Buffer, ciphertext: Buffer): Buffer =>
  Buffer.from(keccak_256(Buffer.concat([derived.subarray(16, 32), ciphertext])))

const parseKeyFile = (blob: string): z.infer<typeof keyFile> => {
  if (!/^([0-9a-f]{2})+$/i.test(blob)) throw new KeyFileError('not the hex text of a key file')
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(blob, 'hex').toString('utf8'))
  } catch {
    throw new KeyFileError('the key file is not JSON')
  }
  const parsed = keyFile.safeParse(lowerCaseKeys(json))
  if (!parsed.success) {
    throw new KeyFileError(
      `unsupported key file: ${parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ')}`,
    )
  }
  return parsed.data
}

/** Secrets under one password. */
export interface SecretBox {
  seal(secret: string): Promise<string>
  /** Throws `KeyFileError`, with text `MAC mismatch` when the password is wrong. */
  open(blob: string): Promise<string>
}

/**
 * A key takes a third of a second of processor time, and a service that starts again opens all it has: each key is derived
 * once, and what is sealed here shares the salt of the first secret that was opened or sealed. `random` gives a salt and an
 * IV of 16 bytes; a test vector gives its own.
 */
export const secretBox = (password: string, random: () => Buffer = () => randomBytes(SALT_BYTES)): SecretBox => {
  const keys = new Map<string, Promise<Buffer>>()
  let ownSalt: string | undefined

  const keyOf = (kdf: Kdf): Promise<Buffer> => {
    const name = JSON.stringify([kdf.kdf, kdf.kdfparams])
    const known = keys.get(name) ?? derive(password, kdf)
    keys.set(name, known)
    known.catch(() => keys.delete(name))
    return known
  }

  return {
    async seal(secret) {
      ownSalt ??= random().toString('hex')
      const kdf = ownKdf(ownSalt)
      const iv = random()
      const derived = await keyOf(kdf)
      const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv)
      const ciphertext = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
      const file = {
        crypto: {
          cipher: 'aes-128-ctr',
          cipherparams: { iv: iv.toString('hex') },
          ciphertext: ciphertext.toString('hex'),
          ...kdf,
          mac: macOf(derived, ciphertext).toString('hex'),
        },
        version: 3,
        alias: '',
      }
      return Buffer.from(JSON.stringify(file), 'utf8').toString('hex')
    },

    async open(blob) {
      const { crypto } = parseKeyFile(blob)
      const derived = await keyOf(crypto)
      const ciphertext = Buffer.from(crypto.ciphertext, 'hex')
      const mac = Buffer.from(crypto.mac, 'hex')
      const expected = macOf(derived, ciphertext)
      if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) throw new KeyFileError('MAC mismatch')
      const { salt } = crypto.kdfparams
      if (crypto.kdf === 'pbkdf2' && crypto.kdfparams.c === ROUNDS && salt.length === 2 * SALT_BYTES) ownSalt ??= salt
      // The original writer drops leading zero bytes of the IV.
      const iv = Buffer.from(crypto.cipherparams.iv.padStart(32, '0'), 'hex')
      const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), iv)
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8')
    },
  }
}

/** True for what is sealed; other YAML values are kept in clear. */
export const looksEncrypted = (value: string): boolean => /^7b([0-9a-f]{2})+$/i.test(value)
