/** One way to name a place outside the root. */
export interface Payload {
  readonly family: string
  /** As it stands in a URL: ASCII, and already encoded where it is meant to be. */
  readonly wire: string
  /** As it stands in JSON. */
  readonly text: string
}

/** What stands for the dots and what for the slash; each has passed somebody's filter once. */
const UPS: readonly (readonly [family: string, up: string])[] = [
  ['plain', '../'],
  ['backslash', '..\\'],
  ['encoded slash', '..%2f'],
  ['encoded', '%2e%2e%2f'],
  ['encoded dots', '%2e%2e/'],
  ['encoded backslash', '..%5c'],
  ['double encoded', '%252e%252e%252f'],
  ['double encoded slash', '..%252f'],
  ['thrice encoded', '%25252e%25252e%25252f'],
  ['overlong slash', '..%c0%af'],
  ['overlong dots', '%c0%ae%c0%ae/'],
  ['overlong, three bytes', '..%e0%80%af'],
  ['overlong, all', '%c0%ae%c0%ae%c0%af'],
  ['UTF-16 escape', '..%u2215'],
  ['fullwidth slash', '..\uff0f'],
  ['fullwidth dots', '\uff0e\uff0e/'],
  ['division slash', '..\u2215'],
  ['fraction slash', '..\u2044'],
  ['one dot leaders', '\u2024\u2024/'],
  ['two dot leader', '\u2025/'],
  ['nested', '....//'],
  ['nested backslash', '....\\\\'],
  ['path parameter', '..;/'],
  ['with a dot', './../'],
  ['doubled slash', '..//'],
  ['null byte before the slash', '..%00/'],
  ['null byte', '..\u0000/'],
  ['line feed', '..\n/'],
  ['space', '.. /'],
  ['tab', '%09../'],
  ['right-to-left mark', '.\u200f./'],
  ['zero width', '.\u200b./'],
]

const ENDINGS = ['', '%00', '%00.yml', '/', '.yml', '?', '#']
/** Ups from where an account's keys are to the folder that holds the installation. */
const DEPTHS = [1, 2, 3, 4, 5, 8]

const ABSOLUTE = [
  '/etc/passwd',
  '//etc/passwd',
  '/proc/self/environ',
  'file:///etc/passwd',
  '%2fetc%2fpasswd',
  'C:\\Windows\\win.ini',
  'C:/Windows/win.ini',
  '\\\\127.0.0.1\\share\\x',
  '//127.0.0.1/share/x',
  '\\\\?\\C:\\x',
  '~/.ssh/id_rsa',
  '~root',
  '$HOME',
  '$\u007bHOME}',
  '`id`',
  '$(id)',
  '|id',
]

const NAMES = [
  '.',
  '..',
  '...',
  '....',
  '. ',
  ' ..',
  '.. ',
  '..%20',
  '%2e',
  '%2e%2e',
  '%252e%252e',
  '.hidden',
  '.password_verification',
  'connectors',
  'connectors/simulator',
  'CON',
  'NUL.yml',
  'aux',
  'simulator.yml',
  'simulator.yml%00',
  'master_account/../master_account',
  'master_account%2f..%2fmaster_account',
  'master_account/connectors',
  'master_account\u0000',
  'm\u0430ster_account',
  'MASTER_ACCOUNT',
  'master_account.',
  'master_account ',
  '-rf',
  '*',
  '?',
  'a:b',
  'name:stream',
  '\u202emaster',
]

const LONG = [
  'a'.repeat(129),
  'a'.repeat(256),
  'a'.repeat(4_096),
  '../'.repeat(400),
  'a/'.repeat(1_000),
  './'.repeat(1_500),
  '%2e%2e%2f'.repeat(300),
  '\u00e4'.repeat(200),
]

/** Percent-encodes what a request line cannot hold, and nothing that is encoded already. */
const onTheWire = (text: string): string =>
  text.toWellFormed().replaceAll(/[^\u0021-\u007e]|["<>\\^`{|}]/gu, (character) => encodeURIComponent(character))

const payload = (family: string, text: string): Payload => ({ family, text, wire: onTheWire(text) })

/** `wanted` of many, spread evenly over all of them. */
const spread = <T>(all: readonly T[], wanted: number): T[] =>
  Array.from({ length: Math.min(wanted, all.length) }, (_, n) => all[Math.floor((n * all.length) / wanted)] as T)

/**
 * Exactly `count` payloads, always the same ones. `outside` are paths from the folder above the installation, to files
 * that exist; `links` are names of links inside the root.
 */
export const payloads = (count: number, outside: readonly string[], links: readonly string[]): readonly Payload[] => {
  const few = [
    ...NAMES.map((text) => payload('name', text)),
    ...ABSOLUTE.map((text) => payload('absolute', text)),
    ...LONG.map((text) => payload('very long', text)),
    ...links.flatMap((name) => [payload('link', name), payload('link', `${name}/../${name}`)]),
    ...outside.map((path) => payload('absolute', `/tmp/${path}`)),
  ]
  const ups = UPS.flatMap(([family, up]) =>
    DEPTHS.flatMap((depth) =>
      ['', ...outside].flatMap((target) =>
        ENDINGS.map((ending) =>
          payload(family, `${up.repeat(depth)}${target.replaceAll('/', up.slice(2) || '/')}${ending}`),
        ),
      ),
    ),
  )
  return [...few, ...spread(ups, count - few.length)]
}
